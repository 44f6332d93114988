story The service loses its link, and the server does not notice
# As above, but what is sent to the service vanishes. Nobody gets an answer: clients give up waiting after ten seconds and
# ask again. The service comes back on a new link, which takes the place of the dead one.
seed 1
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 service loses-its-link unnoticed 20000
6.0 cid leaves
7.0 dot joins
at 16.0
expect within 0.1 ann: exposed cid
also within 0.1 bob: exposed cid
also within 2 dot: refused challenge
at 25.0
expect service: epoch 2 of room@muc.lab -> announced (leave recover, fresh, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
expect within 11 service: epoch 3 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never : stop
end 50
