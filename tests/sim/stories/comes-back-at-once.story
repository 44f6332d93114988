story A leaver who comes back at once
# Bob leaves and is back ten milliseconds later. Both changes fall into one 200 ms window, so there is one new epoch
# and not two; it is fresh, because the Bob who left was another attach, and that one holds the old keys.
seed 1
people ann bob

1.000 ann joins
1.500 bob joins
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 2 members)
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
5.000 bob leaves
5.010 bob joins
expect service: epoch 3 of room@muc.lab -> announced (join leave, fresh, 2 members)
expect service: epoch 3 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never epoch 4 of
end 10
