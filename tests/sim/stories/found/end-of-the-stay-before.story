story The end of the stay before comes after the join
# On a slow line Bob leaves and joins again. The room's word that he has left comes more than ten seconds after he said so,
# and his client takes it for the end of the new stay. Then the room lets him in. Nobody wants that stay any more:
# unless the client says so, Bob stands in the room for ever, and his own leave is not said either.
seed 124654
cipher null
policy occupants
jitter 851
people ann bob

0.259 ann joins
1.140 bob joins
7.605 operator rotates
12.846 bob has-delay 4533
14.181 bob hears-all-again
23.710 bob leaves
30.270 bob joins
31.090 bob is-kicked
end 31.661
