# The epoch that ann missed dropped bob; the ratchet that follows does not have him. That is no contradiction to what ann knows.
# Found by seed 69.
story A member that missed an epoch is told of a ratchet
seed 69
cipher null
policy occupants
jitter 19
people ann bob

0.481 ann joins
3.944 bob joins
15.894 ann misses-announces 2
16.654 bob loses-its-stream noticed 4595
end 17.654
