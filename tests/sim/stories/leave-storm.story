story One leave a second, for five minutes
# Two dozen people in turn leave, one a second, and are back twelve seconds later. Leaves never wait: each gets a fresh
# epoch within the second, three hundred of them. Joins do wait: the room is over its budget of leaves, so who comes
# back is held and let in with others every ten seconds, or the room would rotate twice a second.
seed 1
people p1..p24 ann

1.000..1.690 every 0.030 p1..p24 joins
1.75 ann joins
10..309 every 1 p1..p24 leaves
expect within 0.3 service: epoch 2 of room@muc.lab -> announced (leave, fresh, 24 members)
expect within 1.0 service: epoch 2 of room@muc.lab -> committed (24 of 24 acked, 0 laggards, 0 silent)
22..321 every 1 p1..p24 joins
expect within 0.3 -> member, held: too many leaves
expect within 11 service: 10 held joins in room@muc.lab -> let in (their turn)
expect within 11 service: epoch 24 of room@muc.lab -> announced (join leave, fresh, 12 members)
at 309 # the last leave
expect within 0.3 service: epoch 301 of room@muc.lab -> announced (leave, fresh, 5 members)
expect within 1.0 service: epoch 301 of room@muc.lab -> committed (5 of 5 acked, 0 laggards, 0 silent)
expect within 17 service: epoch 303 of room@muc.lab -> announced (join, ratchet, 25 members)
expect within 17 service: epoch 303 of room@muc.lab -> committed (25 of 25 acked, 0 laggards, 0 silent)
never service: laggard
never exposed
never : stop
never mismatch
end 330
