story A laptop is closed for a minute
# Cid's client does not run, but its stream lives. It holds the others up once, then nobody waits for it: Dot joins and Bob
# leaves meanwhile. When the lid is opened everything arrives at once, and Cid is with the others again; it has missed
# both epochs in flight, so what it says about the older one is refused as stale.
seed 1
cipher olm
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 cid sleeps 60000
6.0 dot joins
expect service: laggard cid in room@muc.lab -> not waited for (epoch 2 ran to its deadline)
expect service: epoch 2 of room@muc.lab -> committed (3 of 4 acked, 1 laggards, 1 silent)
20.0 bob leaves
expect service: epoch 3 of room@muc.lab -> announced (leave, fresh, 3 members)
expect within 0.5 service: epoch 3 of room@muc.lab -> committed (2 of 3 acked, 1 laggards, 1 silent)
at 65.0
expect cid: announce 3 fresh ann cid dot
expect service: envelope by cid@home.lab/cid1 in room@muc.lab -> refused (stale-epoch)
expect within 0.2 cid: switch 3
70.0 operator rotates
expect within 0.3 service: epoch 4 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
end 80
