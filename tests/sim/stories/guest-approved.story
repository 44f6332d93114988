story A waiting guest is approved
# The room admits registered users. Gus is a guest: he attaches and waits, without keys, while the meeting goes on. When
# the operator approves his device he becomes a member and is let in as a joiner: he cannot read what was said before.
seed 1
cipher olm
policy registered
people ann bob gus:guest

1.0 ann joins
1.1 bob joins
5.0 gus joins
expect of gus in room@muc.lab -> waiting (a guest)
expect gus: attached waiting a guest
8.0 operator rotates # without him
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 2 members)
10.0 gus is-approved here
expect within 0 of gus in room@muc.lab -> member (the device is approved)
expect service: epoch 3 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
expect gus: switch 3
never gus: announce 1
never gus: announce 2
end 20
