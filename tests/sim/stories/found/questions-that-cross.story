# The one is not refused for the other's sake: what else came with it was lost.
# Found by seed 74.
story A sender's supplement crosses the question for it
seed 74
cipher null
policy occupants
jitter 1367
people ann:guest bob cid dot eve fay gus:guest hal ivy joe

0.090 cid joins
0.158 joe joins
0.845 gus joins
2.958 ivy joins
11.714 service stops 3369
end 16.117
