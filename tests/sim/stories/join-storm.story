story Thirty people join within a second
# A meeting begins: everybody arrives at once. Changes are collected until 200 ms after the last and at most one second
# after the first, so the storm is one epoch of thirty and not thirty epochs. Real keys.
seed 1
cipher olm
people p1..p30

1.000..1.870 every 0.030 p1..p30 joins
expect within 1.3 service: epoch 1 of room@muc.lab -> announced (join, fresh, 30 members)
expect service: epoch 1 of room@muc.lab -> committed (30 of 30 acked, 0 laggards, 0 silent)
also within 5 p1: switch 1
also within 5 p30: switch 1
never epoch 2 of
never refused
end 10
