story The service makes the keys
# Its own device comes with the first member, has a line in the roster like any other, seals once for each joiner and once for
# all who stay behind a leave, and is gone with the last.
seed 3
source service
people ann bob cid

1.0 ann joins
expect of keyroom in room@muc.lab -> member (the service's own device)
expect service: epoch 1 of room@muc.lab -> announced (join, fresh, 2 members)
expect ann: announce 1 fresh service by keyroom: ann keyroom
3.0 bob joins
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 3 members)
5.0 cid joins
expect service: epoch 3 of room@muc.lab -> committed (4 of 4 acked, 0 laggards, 0 silent)
8.0 bob leaves
expect service: epoch 4 of room@muc.lab -> announced (leave, fresh, 3 members)
expect service: epoch 4 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
11.0 ann leaves
12.0 cid leaves
expect of keyroom in room@muc.lab -> over (left)
expect of room@muc.lab -> over (the last attached device left)
never refused
never mismatch
end 20
