# The service takes ann's stored attach for the one that is there. ann, on her way to a new attach, must not take the epoch of
# the old one for a lie, and must get rid of the old attach.
# Found by seed 591.
story A member leaves and comes back while the service is away
seed 591
cipher null
policy occupants
jitter 23
people ann bob

0.869 ann joins
1.172 bob joins
2.930 bob is-revoked everywhere
3.086 service crashes before 13059
6.446 ann leaves
13.204 ann joins
15.479 ann has-delay 455
17.110 service loses-its-link noticed 1014
18.681 ann has-delay 1534
19.143 service crashes lost 473
end 31.673
