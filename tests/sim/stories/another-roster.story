story A member is told a different roster
# Somebody on the way (or the service itself) tells Dot that Ann is not in the meeting. Dot's epoch then has another context
# than everybody else's: nothing that is sealed opens for the other side. Dot must say so, stop, and stay out until it
# attaches anew; the others go on without Dot and share no key with it.
seed 2
cipher olm
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
1.3 dot joins
5.000 dot misses-announces 1 # so that it asks for the whole roster, and that is what is bent
5.005 dot is-told-another-roster
5.010 operator rotates
expect service: epoch 2 of room@muc.lab -> announced (manual, fresh, 4 members)
expect dot: announce 2 fresh bob cid dot
expect within 2.05 dot: mismatch 2
expect within 2.05 service: laggard dot in room@muc.lab -> not waited for
expect within 2.05 service: epoch 2 of room@muc.lab -> committed (3 of 4 acked, 1 laggards, 1 silent)
expect within 5.2 dot: stop 1
20.0 operator rotates # Dot does not come back by itself
expect service: epoch 3 of room@muc.lab -> committed (3 of 4 acked, 1 laggards, 1 silent)
30.0 dot reloads 500
expect service: epoch 4 of room@muc.lab -> announced (join leave, fresh, 4 members)
expect service: epoch 4 of room@muc.lab -> committed (4 of 4 acked, 0 laggards, 0 silent)
expect dot: switch 4
never dot: switch 2
never dot: switch 3
never ann: mismatch
never bob: mismatch
never cid: mismatch
end 40
