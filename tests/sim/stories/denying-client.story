story A client that denies having got keys
# Cid's client says that it misses what it holds. It is believed so far that it holds the others up once, to the deadline;
# then it is the laggard. Those whose keys it says to miss are not blamed for one voice among nine.
seed 1
people p1..p8 cid

1.00..1.35 every 0.05 p1..p8 joins
1.4 cid joins
4.0 cid turns denying
5.0 operator rotates
expect within 2.1 service: laggard cid in room@muc.lab -> not waited for (epoch 2 ran to its deadline)
expect within 2.1 service: epoch 2 of room@muc.lab -> committed (8 of 9 acked, 1 laggards, 0 silent)
10.0 operator rotates
expect within 0.5 service: epoch 3 of room@muc.lab -> committed (8 of 9 acked, 1 laggards, 0 silent)
20.0 operator rotates
expect within 0.5 service: epoch 4 of room@muc.lab -> committed (8 of 9 acked, 1 laggards, 0 silent)
never service: laggard p
end 30
