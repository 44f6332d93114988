# Nothing answers the leave of somebody who never was in: the client does not wait for that for ever.
story A refused join that was left before the refusal came
seed 1
people ann bob

1.000 ann joins
1.500 bob becomes outcast
2.000 bob joins
2.001 bob leaves
5.000 bob becomes none
6.000 bob joins
expect within 5 bob: joined
end 30
