story A member on a slow line holds the others up once
# Cid's line takes a second and a half each way. The first rotation waits for it until the deadline (2 s + 10 ms a member)
# and commits with Cid named as a laggard. After that Cid is not waited for, until it has once been in time again.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 cid has-delay 1500
6.0 operator rotates
expect within 2.04 service: laggard cid in room@muc.lab -> not waited for (epoch 2 ran to its deadline)
expect within 2.04 service: epoch 2 of room@muc.lab -> committed (2 of 3 acked, 1 laggards, 1 silent)
expect cid: commit 2
15.0 operator rotates
expect within 0.2 service: epoch 3 of room@muc.lab -> committed (2 of 3 acked, 1 laggards, 1 silent)
20.0 cid has-delay 0
25.0 operator rotates # in time, though nobody waited
expect within 0.2 service: epoch 4 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
30.0 operator rotates
expect within 0.2 service: epoch 5 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never service: laggard ann
never service: laggard bob
end 40
