# The instance that was begun for it holds openings of the log for nobody: it goes with the last occupant.
# Found by seed 61.
story A revoked device asks for a challenge in an empty room
seed 61
cipher null
policy members
jitter 107
people ann bob

23.864 bob joins
27.333 bob is-revoked everywhere
30.285 bob joins
end 31.285
