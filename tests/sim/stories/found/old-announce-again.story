# It does not list this attach, which no announce has listed yet: it is of before.
# Found by seed 20464.
story An announce of an attach before is heard again
seed 20464
cipher null
policy occupants
jitter 73
people ann bob cid dot eve fay

0.134 bob joins
0.597 dot joins
1.000 service stops 8109
2.756 store is-restored 6932
3.739 fay joins
8.004 ann joins
10.137 service crashes after 705
12.109 eve joins
18.599 server restarts 287
20.154 service crashes before 4554
22.646 bob loses-its-stream unnoticed 878
25.822 store fails begin 261
26.470 bob hears-all-again
end 27.470
