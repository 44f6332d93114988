# The service takes dot for the one it knew, and waits for its secret. dot says that it is detached when it hears of it.
# Found by seed 2763.
story A member detaches while the server restarts
seed 2763
cipher null
policy occupants
jitter 77
people ann bob:guest cid:device-of=ann dot:guest eve:guest fay:guest

0.109 fay joins
0.321 eve joins
1.090 cid joins
1.487 ann joins
1.529 dot joins
1.751 eve leaves
2.087 bob joins
2.125 muc repeats-presence 26
5.765 ann misses-announces 2
6.106 dot reloads 42
7.716 ann misses-announces 1
8.482 service crashes lost 190
9.847 cid misses-announces 2
12.070 fay loses-its-stream noticed 74
13.031 service loses-its-link unnoticed 14446
24.440 cid sleeps 2881
24.864 server restarts 69
25.308 dot detaches
end 26.308
