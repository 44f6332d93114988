story The wall clock jumps a day ahead and further back
# Deadlines are of the monotonic clock, so nothing happens at the jumps: no rotation, no deadline missed. The meeting goes
# on as if the date were right.
seed 1
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 clock jumps 86400000
6.0 dot joins
expect within 0.4 service: epoch 2 of room@muc.lab -> announced (join, ratchet, 4 members)
expect within 0.8 service: epoch 2 of room@muc.lab -> committed (4 of 4 acked, 0 laggards, 0 silent)
10.0 clock jumps -90000000
11.0 cid leaves
expect within 0.3 service: epoch 3 of room@muc.lab -> announced (leave, fresh, 3 members)
expect within 0.8 service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never (timer
never service: laggard
never epoch 4 of
end 30
