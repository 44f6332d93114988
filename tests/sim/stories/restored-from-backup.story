story The store is restored from a backup
# Cid is revoked before the backup, Dot after it. What the backup does not have cannot hold: the revocation of Dot is lost
# and has to be repeated. Live state is dropped, so no number and no key is used twice: people attach again by themselves,
# within the seconds in which they keep the keys they have, and a new instance begins at epoch 1.
seed 1
cipher olm
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
1.3 dot joins
4.0 cid is-revoked everywhere
5.0 store is-backed-up
6.0 dot is-revoked everywhere
expect service: epoch 3 of room@muc.lab -> announced (revoke, fresh, 2 members)
expect service: epoch 3 of room@muc.lab -> committed
10.0 store is-restored 2000
expect service: process -> started
expect service: whole by ann@home.lab/ann1 in room@muc.lab -> refused (not-member)
expect within 8 service: epoch 1 of room@muc.lab -> announced (join, fresh, 2 members)
expect within 8 service: epoch 1 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
20.0 cid joins
expect service: attach by cid@home.lab/cid1 in room@muc.lab -> refused (revoked)
22.0 dot joins # as if it had never been revoked
expect of dot in room@muc.lab -> member (every occupant)
24.0 dot is-revoked everywhere
expect (revoke, fresh, 2 members)
never : stop
end 40
