story A member misses three announces
# The announce of epoch 2, the answer to Cid's question about it and the announce of epoch 3 are lost. Epoch 2 passes
# without Cid, who is named as a laggard. The next answer brings epoch 3 with a link over the epoch that Cid never saw,
# so Cid computes the same context as everybody, and is in time again.
seed 1
people ann bob cid

1.00 ann joins
1.10 bob joins
1.20 cid joins
5.00 cid misses-announces 3
5.01 operator rotates
7.00 operator rotates
expect service: laggard cid in room@muc.lab -> not waited for (epoch 2 ran to its deadline)
expect service: epoch 2 of room@muc.lab -> committed (2 of 3 acked, 1 laggards, 1 silent)
expect service: epoch 3 of room@muc.lab -> announced (manual, fresh, 3 members)
expect cid: announce 3 fresh ann bob cid
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
expect cid: switch 3
never cid: announce 2
never mismatch
never service: laggard ann
end 20
