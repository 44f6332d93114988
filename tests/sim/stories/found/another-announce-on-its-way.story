# It is not the answer, and no contradiction.
# Found by seed 14390.
story A full announce is on its way when the whole is asked for
seed 14390
cipher null
policy occupants
jitter 66
people ann bob cid dot eve

5.080 dot joins
6.934 ann joins
12.737 ann loses-its-stream noticed 12242
13.315 eve joins
14.357 service misses-presence 1
15.283 eve leaves
15.345 dot has-delay 4802
18.128 eve joins
20.756 dot misses-announces 1
24.726 service crashes midway 278
end 25.726
