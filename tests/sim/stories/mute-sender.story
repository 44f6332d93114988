story A sender who never delivers its key
# Cid's client takes part but never seals its key for anybody. Collecting ends at half of the deadline without it: Cid is
# named silent, is not waited for, and the others go on with each other's keys. Nobody hears Cid; nobody else is harmed.
seed 6
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 cid turns mute
6.0 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 3 members)
expect within 1.2 service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 1 silent)
also within 1.2 ann: switch 2
also within 1.2 bob: switch 2
20.0 operator rotates
expect within 1.2 service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 1 silent)
never service: laggard
end 30
