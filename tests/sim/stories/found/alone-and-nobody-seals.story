# Only the seat of the silent one, in the word that collecting is over, shows that there is somebody else.
# Found by seed 814.
story A member is told that it is alone, and nobody seals for it
seed 814
cipher null
policy occupants
jitter 90
people ann bob cid dot eve

1.000 dot turns misshapen
1.225 dot joins
1.359 ann joins
3.874 ann misses-announces 2
6.871 ann is-told-another-roster
8.283 dot reloads 111
end 13.581
