story The service dies just before it commits
# A rotation is decided, and the process dies before the store has it. Nothing was sent, so nobody knows of it: the number
# 2 is free. After the restart presence confirms who is there, and epoch 2 is announced, with the reason recover.
seed 1
cipher olm
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.00 service crashes before 2000
5.01 operator rotates
expect service: process -> ended
expect service: process -> started
expect service: room room@muc.lab -> recovered (3 members confirmed by presence)
expect service: epoch 2 of room@muc.lab -> announced (recover, fresh, 3 members)
expect service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never (manual
never abandoned
never : stop
end 20
