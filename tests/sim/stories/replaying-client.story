story A client that says again what it has said
# Half of Cid's requests come twice, older ones in between. An old envelope or ack is of an epoch that is over and is refused;
# a repeated one of this epoch changes nothing. No epoch is held up by it.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
2.0 cid turns replaying
3..15 every 2 operator rotates
expect by cid@home.lab/cid1 in room@muc.lab -> refused
expect service: epoch 8 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never service: laggard
never ann: refused
never bob: refused
end 20
