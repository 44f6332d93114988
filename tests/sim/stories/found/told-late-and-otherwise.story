story The whole that comes at last is another one
# Three times the announce that Ann has joined does not reach Cid's other device, nor does the whole it asks for. Then it is told of a roster
# without Ann, in an epoch that ratchets, so nobody but Ann seals for it: what she sealed stands where it has Bob, whose secret
# it holds. Unless it sees that nobody should have sealed anything there, nothing tells it that the others have another roster.
# Found by seed 185342.
seed 185342
cipher null
policy occupants
jitter 23
people ann:guest bob cid:device-of=bob dot eve:guest

1.443 bob joins
1.466 dot joins
6.766 cid joins
8.292 cid is-told-another-roster
11.261 cid misses-announces 3
14.644 ann joins
end 34.816
