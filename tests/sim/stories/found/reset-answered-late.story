# On a slow store the claim for a new session is counted as lost and then answered. The reset it was for is over: ann waited
# for it for ever, and acked nothing.
# Found by seed 29790.
story The answer to a reset comes late
seed 29790
cipher null
policy occupants
jitter 74
people ann bob cid:device-of=bob dot:device-of=bob eve fay gus hal ivy joe kit

0.746 ivy joins
2.879 ann joins
4.745 store takes 1060
7.332 cid joins
11.069 cid reloads 60
13.140 eve joins
21.620 ivy loses-its-stream unnoticed 465
end 30.810
