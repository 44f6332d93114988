# cid stops sending and waits: silence is no contradiction.
# Found by seed 3779.
story The whole takes longer than the deadline
seed 3779
cipher null
policy registered
jitter 1437
people ann bob cid dot

7.867 cid misses-announces 3
11.330 cid joins
12.047 bob joins
end 35.965
