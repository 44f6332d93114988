# Nobody who was told the truth may say that it was not.
# Found by seed 2088.
story The service crashes again and again, and lines are slow
seed 2088
cipher null
policy occupants
jitter 1279
people ann bob:hall cid dot

0.125 ann joins
0.719 dot joins
1.000 service crashes before 539
1.294 cid joins
2.867 cid loses-its-stream unnoticed 1238
4.179 store fails begin 294
11.149 service loses-its-link unnoticed 1148
14.337 service crashes after 201
15.924 service loses-its-link noticed 1200
end 23.284
