story The service dies when all is sealed, and nobody is told to switch
# Cid leaves during a rotation and the service dies before it can commit. Ann and Bob have sealed for epoch 2, so they switch
# by their own clocks at the deadline + 500 ms and do not stay on the old key. The service comes back eight seconds later,
# abandons what it knew of 2, and goes on with 3, without Cid.
seed 1
cipher olm
people ann bob cid

1.00 ann joins
1.10 bob joins
1.20 cid joins
5.00 operator rotates
5.03 cid leaves
5.05 service crashes now 8000
expect within 2.6 ann: switch 2 by-clock
also within 2.6 bob: switch 2 by-clock
expect service: epoch 2 of room@muc.lab -> abandoned (restart)
expect of cid in room@muc.lab -> over (left)
expect service: epoch 3 of room@muc.lab -> announced (leave recover, fresh, 2 members)
expect service: epoch 3 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never : stop
end 20
