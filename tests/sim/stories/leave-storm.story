story One leave a second, for five minutes
# Thirty people in turn leave, one a second, and are back fifteen seconds later. Leaves never wait: each gets a fresh
# epoch within the second, three hundred of them. Joins do wait: the room is over its budget of leaves, so who comes
# back is held and let in with others every ten seconds, or the room would rotate twice a second.
seed 1
people p1..p30 ann

1.000..1.870 every 0.030 p1..p30 joins
1.9 ann joins
10..309 every 1 p1..p30 leaves
expect within 0.3 service: epoch 2 of room@muc.lab -> announced (leave, fresh, 30 members)
expect within 1.0 service: epoch 2 of room@muc.lab -> committed (30 of 30 acked, 0 laggards, 0 silent)
25..324 every 1 p1..p30 joins
expect within 0.3 -> member, held: too many leaves
expect within 11 service: 11 held joins in room@muc.lab -> let in (their turn)
expect within 11 (join leave, fresh, 16 members)
at 309 # the last leave
expect within 0.3 service: epoch 301 of room@muc.lab -> announced (leave, fresh, 12 members)
expect within 1.0 service: epoch 301 of room@muc.lab -> committed (12 of 12 acked, 0 laggards, 0 silent)
expect within 17 service: epoch 303 of room@muc.lab -> announced (join, ratchet, 31 members)
expect within 17 service: epoch 303 of room@muc.lab -> committed (31 of 31 acked, 0 laggards, 0 silent)
never service: laggard
never exposed
never : stop
never mismatch
end 330
