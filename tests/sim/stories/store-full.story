story The disk is full when somebody leaves
# Cid's leave cannot be committed. The service ends without having told anybody anything, and says why. When it is back it
# sees by presence that Cid is gone: the fresh epoch is without Cid. Ten seconds have not passed, so nobody is exposed.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 store fails commit 3000
6.0 cid leaves
expect within 0.1 service: process -> ended (store: commit -> failed, stopping (the simulated disk is full))
expect service: process -> started
expect of cid in room@muc.lab -> over (left)
expect service: room room@muc.lab -> recovered (2 members confirmed by presence)
expect within 3.2 service: epoch 2 of room@muc.lab -> announced (leave recover, fresh, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never exposed
never : stop
end 20
