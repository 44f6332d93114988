story The service dies between the commit and the first stanza
# A rotation is in the store, and the process dies before anybody has heard of it. Somebody might have: so the number 2 is
# used up. It is abandoned, and epoch 3 follows as soon as presence has confirmed the members.
seed 1
cipher olm
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.00 service crashes after 2000
5.01 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 3 members)
expect service: process -> ended (killed)
expect service: process -> started
expect service: epoch 2 of room@muc.lab -> abandoned (restart)
expect service: room room@muc.lab -> recovered (3 members confirmed by presence)
expect service: epoch 3 of room@muc.lab -> announced (recover, fresh, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never announce 2 # nobody has heard of it
never : stop
end 20
