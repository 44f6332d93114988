story A member's line is dead and the server does not notice for 45 seconds
# Cid is gone without a word. One rotation waits for it until the deadline, no other does. When the server gives up on the line
# presence says that Cid left, and the room rotates; when Cid is back it joins anew.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 cid loses-its-stream unnoticed 60000
10.0 operator rotates
expect within 2.1 service: laggard cid in room@muc.lab -> not waited for (epoch 2 ran to its deadline)
15.0 operator rotates
expect within 0.3 service: epoch 3 of room@muc.lab -> committed (2 of 3 acked, 1 laggards, 1 silent)
at 50.0
expect within 0.3 service: epoch 4 of room@muc.lab -> announced (leave, fresh, 2 members)
expect service: epoch 4 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
expect service: epoch 5 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 5 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never : stop
end 70
