story More leaves than the budget, and somebody joins meanwhile
# Seven leaves within a minute are one more than the budget of six. Bob, who comes then, is held back for ten seconds: he is
# in the room, but has no keys yet. Leaves are never held: Ann is rid of each leaver at once. A minute later nobody is held.
seed 1
people p1..p7 ann bob cid

1.00..1.30 every 0.05 p1..p7 joins
1.5 ann joins
10..22 every 2 p1..p7 leaves
expect within 12.3 service: epoch 8 of room@muc.lab -> announced (leave, fresh, 1 members)
25.0 bob joins
expect within 0.3 of bob in room@muc.lab -> member, held: too many leaves
expect within 10.2 service: 1 held joins in room@muc.lab -> let in (their turn)
expect within 10.2 service: epoch 9 of room@muc.lab -> announced (join, ratchet, 2 members)
expect within 10.5 service: epoch 9 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
90.0 cid joins
expect within 0.3 of cid in room@muc.lab -> member (every occupant)
expect within 0.5 service: epoch 10 of room@muc.lab -> announced (join, ratchet, 3 members)
end 100
