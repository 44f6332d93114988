story A client that claims keys over and over
# Cid's client asks for everybody's one-time keys twice and with a reset each time. The quota is one key a pair, and one with
# reset a minute: the rest is refused as quota, and joins of others go on with the keys that are left.
seed 1
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
4.0 cid turns grasping
5.0 dot joins
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 4 members)
10.0 cid reloads 100
expect service: claim by cid@home.lab/cid2 in room@muc.lab -> refused (quota)
expect 0 laggards, 0 silent)
never ann: refused
never bob: refused
never dot: refused
end 30
