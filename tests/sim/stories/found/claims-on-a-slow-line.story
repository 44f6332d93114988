# The answer that comes late has a key in it that is given once: it is used.
# Found by seed 2512.
story Claims take longer than the client's patience
seed 2512
cipher null
policy occupants
jitter 1403
people ann bob cid dot:device-of=cid eve fay:hall

0.714 dot joins
1.261 bob joins
4.905 eve joins
5.215 ann joins
8.060 cid joins
8.778 operator rotates
13.295 eve leaves
19.493 service crashes midway 177
20.740 ann is-kicked
end 21.740
