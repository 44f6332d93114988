story A device is revoked while keys are collected
# Unlike a leave, a revocation does not wait: the epoch in flight, in which Cid is, is abandoned on the spot and the next
# one is announced without Cid in the same moment. What was sealed for the abandoned one is refused as stale.
seed 2
cipher olm
people ann bob cid

1.00 ann joins
1.10 bob joins
1.20 cid joins
5.00 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 3 members)
5.03 cid is-revoked everywhere
expect within 0 service: epoch 2 of room@muc.lab -> abandoned (a device was revoked)
expect within 0 service: epoch 3 of room@muc.lab -> announced (revoke manual, fresh, 2 members)
also service: envelope by ann@home.lab/ann1 in room@muc.lab -> refused (stale-epoch)
also service: envelope by cid@home.lab/cid1 in room@muc.lab -> refused (not-member)
also within 0.1 cid: detached revoked
expect service: epoch 3 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never cid: announce 3
never ann: switch 2
never bob: switch 2
end 20
