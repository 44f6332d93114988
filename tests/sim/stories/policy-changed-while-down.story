story The policy is tightened while the service is down
# What holds is asked anew when the service starts: Gus, a guest and a member before, is not taken up again though his presence
# is confirmed, and the recovery is without him.
seed 1
people ann bob gus:guest

1.0 ann joins
1.1 bob joins
1.2 gus joins
5.0 service crashes now 3000
6.0 operator sets-policy registered
expect -> loses its right (a guest)
expect service: room room@muc.lab -> recovered (2 members confirmed by presence)
expect service: epoch 2 of room@muc.lab -> announced (policy recover, fresh, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
also gus: detached policy
never gus: announce 2
end 20
