story A store that takes 400 ms for each commit
# Nothing is sent before it is in the store, so all is later, and still right: Cid's leave is answered within the
# deadline, Dot's join after it, and nobody is called late for what the service held up itself.
seed 1
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 store takes 400
6.0 cid leaves
expect service: epoch 2 of room@muc.lab -> announced (leave, fresh, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
also within 2.5 ann: switch 2
also within 2.5 bob: switch 2
10.0 dot joins
expect service: epoch 3 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never service: laggard
end 20
