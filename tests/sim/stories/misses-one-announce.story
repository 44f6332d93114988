story A member misses one announce
# The announce of epoch 2 does not reach Cid. The keys do, and show Cid that there is an epoch it does not know: it asks for
# the whole of it, gets it, and is there before the deadline. Nobody is left behind.
seed 1
people ann bob cid

1.00 ann joins
1.10 bob joins
1.20 cid joins
5.00 cid misses-announces 1
5.01 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 3 members)
expect cid: announce 2 fresh ann bob cid
expect within 2 service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
expect cid: switch 2
10.0 operator rotates
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never mismatch
end 20
