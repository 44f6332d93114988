story A commit that succeeded but is reported as failed
# The store has taken the rotation, but the answer says it has not. The service must not guess: it ends with nothing sent
# and starts from what the store really has. There it finds epoch 2, takes it as announced, and goes on with 3.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.00 service crashes lost 2000
5.01 operator rotates
expect service: process -> ended (store: commit -> failed, stopping
expect service: process -> started
expect service: epoch 2 of room@muc.lab -> abandoned (restart)
expect service: epoch 3 of room@muc.lab -> announced (recover, fresh, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never announce 2
end 20
