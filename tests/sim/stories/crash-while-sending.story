story The service dies in the middle of sending
# Some have been told of epoch 2, some not, and keys are on their way when the process dies. The number is used up for all:
# epoch 2 is abandoned and 3 follows, with a link over 2, so that those who saw it and those who did not agree again.
seed 7
people ann bob cid dot eve

1.0 ann joins
1.1 bob joins
1.2 cid joins
1.3 dot joins
1.4 eve joins
5.00 service crashes midway 2000
5.01 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 5 members)
expect service: process -> ended (killed)
expect service: process -> started
expect service: epoch 2 of room@muc.lab -> abandoned (restart)
expect service: epoch 3 of room@muc.lab -> announced (recover, fresh, 5 members)
expect service: epoch 3 of room@muc.lab -> committed (5 of 5 acked, 0 laggards, 0 silent)
never mismatch
never epoch 2 of room@muc.lab -> committed
end 20
