# The questions were used up before ann had heard of the epoch.
# Found by seed 10639.
story A sender is asked for an epoch that it does not know yet
seed 10639
cipher null
policy occupants
jitter 16
people ann:guest bob cid dot:device-of=bob eve

0.481 cid joins
1.000 service loses-its-link unnoticed 16216
6.861 eve misses-announces 2
7.764 eve joins
17.028 ann joins
18.460 eve sleeps 32835
22.187 dot joins
23.224 bob joins
24.450 dot loses-its-stream noticed 595
25.095 ann misses-announces 2
end 26.095
