story A room for members of the room, and one who comes and goes
# Only who has an affiliation with the room gets keys. Gus has none and waits; an owner makes him a member and he is in; the
# affiliation is taken away again and he is out in the same moment; then he is banned and leaves the room.
seed 1
policy members
people ann bob gus

0.5 ann becomes owner
0.5 bob becomes member
1.0 ann joins
1.1 bob joins
5.0 gus joins
expect of gus in room@muc.lab -> waiting (not affiliated with the room)
10.0 gus becomes member
expect of gus in room@muc.lab -> member (affiliated with the room)
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
15.0 gus becomes none
expect within 0.1 -> loses its right (not affiliated with the room)
expect within 0.1 service: epoch 3 of room@muc.lab -> announced (policy, fresh, 2 members)
expect gus: detached policy
expect service: epoch 3 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
20.0 gus becomes outcast
expect gus: left banned
never epoch 4 of
end 30
