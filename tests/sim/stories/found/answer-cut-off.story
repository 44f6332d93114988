# The request for the whole is answered, the whole itself is not sent. The full announce that comes after the restart is not
# that answer, and no contradiction.
# Found by seed 121822.
story The service ends in the middle of an answer
seed 121822
cipher null
policy occupants
jitter 29
people ann bob cid dot eve

0.062 bob joins
0.100 dot joins
0.794 eve joins
2.409 cid joins
3.539 eve misses-announces 2
6.405 ann joins
6.885 bob leaves
8.238 service crashes midway 794
end 9.238
