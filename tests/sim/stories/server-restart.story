story The XMPP server restarts
# Everybody loses the stream, the service too. When the server is back the rooms are empty: all attaches are over, and with
# them this life of the room's keys. People come back one by one and a new instance begins, at epoch 1 again.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 operator rotates
expect service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
8.0 server restarts 3000
expect service: room room@muc.lab -> joined as keyroom (0 others)
expect of room@muc.lab -> over (the last attached device left)
expect service: epoch 1 of room@muc.lab -> announced (join, fresh, 1 members)
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 3 members)
expect within 6 service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never (recover
never exposed
end 20
