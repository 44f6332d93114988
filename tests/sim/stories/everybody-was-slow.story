story Every line is slow once, and the next epoch waits for nobody
# As in everybody-was-late, without any fault of the service: all lines take a second and a half for a while. All three are
# laggards of epoch 2, so epoch 3 is committed in the very moment in which it is announced, with nobody holding a key.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
4.0 ann has-delay 1500
4.0 bob has-delay 1500
4.0 cid has-delay 1500
5.0 operator rotates
12.0 ann has-delay 0
12.0 bob has-delay 0
12.0 cid has-delay 0
15.0 operator rotates
expect service: epoch 3 of room@muc.lab -> announced (manual, fresh, 3 members)
expect within 2.1 service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
end 30
