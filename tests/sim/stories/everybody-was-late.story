story Everybody was late once, and the next epoch waits for nobody
# The service is stopped for half a minute in the middle of a rotation; or all lines are slow at once. Everybody is then a
# laggard, and a laggard is not waited for: the next rotation has nobody to wait for. It must still give people the time to
# exchange keys before it tells them to switch, as nobody can open what is sent otherwise.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.00 operator rotates
5.02 service stops 30000
at 35.0
expect service: epoch 2 of room@muc.lab -> committed
40.0 operator rotates
expect service: epoch 3 of room@muc.lab -> announced (manual, fresh, 3 members)
expect within 2.1 service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
end 50
