story The service loses its link while one leaves and one joins
# The server knows that the service is gone. Dot cannot attach: her questions bounce. Cid's leave is seen by the others, and
# after ten seconds they show it. When the link is back presence tells the service the truth: a fresh epoch without Cid
# first, then Dot's join.
seed 1
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 service loses-its-link noticed 20000
6.0 cid leaves
7.0 dot joins
expect within 1 dot: refused challenge
at 16.0
expect within 0.1 bob: exposed cid
also within 0.1 ann: exposed cid
at 25.0
expect of cid in room@muc.lab -> over (left)
expect service: room room@muc.lab -> recovered (2 members confirmed by presence)
expect within 0.1 service: epoch 2 of room@muc.lab -> announced (leave recover, fresh, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
expect service: epoch 3 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
also ann: unexposed
also bob: unexposed
never : stop
end 40
