story Everybody leaves, and somebody comes back
# With the last member the instance of the room is over and nothing of it is kept. Who comes later begins a new one, whose
# numbers start at 1; no key of the old one is of use there.
seed 1
people ann bob

1.0 ann joins
1.1 bob joins
5.0 bob leaves
expect service: epoch 2 of room@muc.lab -> announced (leave, fresh, 1 members)
8.0 ann leaves
expect of room@muc.lab -> over (the last attached device left)
10.0 bob joins
expect service: epoch 1 of room@muc.lab -> announced (join, fresh, 1 members)
12.0 ann joins
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never epoch 3 of
end 20
