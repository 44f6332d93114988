# The first word of an epoch tells it that it is a member.
# Found by seed 1247.
story Who waits for approval misses the announce that lets it in
seed 1247
cipher null
policy members
jitter 106
people ann bob:hall cid

1.086 bob joins
2.836 bob misses-announces 1
8.584 operator sets-policy registered
end 9.584
