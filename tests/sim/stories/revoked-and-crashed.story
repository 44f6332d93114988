story The service dies after it has committed a revocation
# The revocation is in the store, but nobody has heard of it. After the restart it holds: the recovery is without Cid. Cid,
# who was never told, asks, is refused, and stops with the key that it still has.
seed 1
people ann bob cid

1.00 ann joins
1.10 bob joins
1.20 cid joins
5.00 service crashes after 5000
5.01 cid is-revoked everywhere
expect service: epoch 2 of room@muc.lab -> announced (revoke, fresh, 2 members)
expect service: process -> ended (killed)
expect service: epoch 2 of room@muc.lab -> abandoned (restart)
expect service: room room@muc.lab -> recovered (2 members confirmed by presence)
expect service: epoch 3 of room@muc.lab -> announced (recover, fresh, 2 members)
expect cid: refused attach revoked
expect within 21 cid: stop 1 not-member
never cid: announce 2
never cid: announce 3
end 40
