# ann is told a roster without bob. What bob seals for ann names a seat that ann's roster does not have: ann falls out and says so.
# Found by seed 157.
story A member is told that it is alone
seed 157
cipher null
policy occupants
jitter 117
people ann bob

13.053 bob joins
18.663 ann is-told-another-roster
22.786 ann joins
end 23.786
