story The service dies again while it recovers
# It dies after the commit of a rotation, and once more after the commit of the recovery. Two numbers are used up, and
# nobody has seen either. Somebody leaves meanwhile: the third start finds out by presence.
seed 1
cipher olm
people ann bob cid

1.00 ann joins
1.10 bob joins
1.20 cid joins
5.00 service crashes after 2000
5.01 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 3 members)
6.00 cid leaves
7.02 service crashes after 2000
at 7
expect service: epoch 2 of room@muc.lab -> abandoned (restart)
expect service: epoch 3 of room@muc.lab -> announced (leave recover, fresh, 2 members)
expect service: process -> ended (killed)
expect service: epoch 3 of room@muc.lab -> abandoned (restart)
expect service: epoch 4 of room@muc.lab -> announced (recover, fresh, 2 members)
expect service: epoch 4 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never announce 2
never announce 3
never : stop
never exposed
end 20
