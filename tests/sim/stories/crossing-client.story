story A client that seals for others than it should
# Cid's envelope leaves recipients out or names others. Who seals for whom is fixed, so the service refuses the whole of it:
# Cid is silent, knows it and stops. Ann and Bob exchange their keys as always.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
4.0 cid turns crossing
5.0 operator rotates
expect service: envelope by cid@home.lab/cid1 in room@muc.lab -> refused (wrong-recipients)
expect service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 1 silent)
expect within 4.1 cid: stop 2 unsealed
never service: laggard
end 20
