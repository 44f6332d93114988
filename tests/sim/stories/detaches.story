story A member stays in the room and gives up its keys
# Cid's application wants no keys any more and detaches, but stays in the meeting. That is a leave of the keys: the others
# rotate, and Cid holds nothing of the new epoch. Coming back is an attach like any other.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 cid detaches
expect of cid in room@muc.lab -> over (left)
expect service: epoch 2 of room@muc.lab -> announced (leave, fresh, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
12.0 cid joins
expect service: epoch 3 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never cid: announce 2
end 20
