story A client that claims keys over and over
# Cid's client asks for everybody's one-time keys twice, the second time as a reset, which is its right once a minute; the
# rest of what it says comes twice too. What comes again is refused or given other keys: no one-time key is given away
# twice, and nobody is held up.
seed 1
cipher olm
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
4.0 cid turns grasping
5.0 dot joins
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 4 members)
10.0 cid reloads 100
expect service: attach by cid@home.lab/cid2 in room@muc.lab -> refused (already-attached)
expect service: claim by
expect service: claim by
expect service: envelope by cid@home.lab/cid2 in room@muc.lab -> refused (unexpected)
expect service: epoch 3 of room@muc.lab -> committed (4 of 4 acked, 0 laggards, 0 silent)
never ann: refused
never bob: refused
never dot: refused
end 30
