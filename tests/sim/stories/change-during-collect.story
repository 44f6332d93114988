story Somebody leaves and somebody joins while keys are collected
# A rotation is under way when Cid leaves and Dot joins. One epoch is in flight at a time: this one is not thrown away, but
# Cid is not waited for and gets nothing more. Both changes together are the next epoch, a second after the last commit.
seed 1
people ann bob cid dot

1.00 ann joins
1.10 bob joins
1.20 cid joins
5.00 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 3 members)
5.03 cid leaves
5.06 dot joins
expect service: epoch 2 of room@muc.lab -> committed (2 of 3 acked, 0 laggards, 0 silent)
expect service: epoch 3 of room@muc.lab -> announced (join leave, fresh, 3 members)
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
never abandoned
never epoch 4 of
end 20
