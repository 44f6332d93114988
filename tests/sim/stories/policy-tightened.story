story The policy is tightened while a meeting goes on
# The operator decides that guests are no longer admitted. Gus, a guest and a member by now, is out at once, and the
# epoch after it is fresh, with the new policy in its context. Loosening it later rotates too, but pulls nobody in.
seed 1
people ann bob gus:guest

1.0 ann joins
1.1 bob joins
1.2 gus joins
expect service: epoch 1 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
5.0 operator sets-policy registered
expect within 0 service: policy of room@muc.lab -> changed (settings)
expect within 0 -> loses its right (a guest)
expect within 0 service: epoch 2 of room@muc.lab -> announced (policy, fresh, 2 members)
also within 0.1 gus: detached policy
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
15.0 operator sets-policy occupants
expect service: epoch 3 of room@muc.lab -> announced (policy, fresh, 2 members)
end 20
