# bob asks again.
# Found by seed 13809.
story The request for the whole is not answered
seed 13809
cipher null
policy occupants
jitter 94
people ann bob cid

1.254 bob joins
6.781 store is-restored 8324
17.717 service stops 37613
end 38.758
