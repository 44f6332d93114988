story A client that sends what is no request
# A third of what Cid sends has a byte changed somewhere. It is refused or ignored, whatever it has become; the others rotate,
# join and leave around it.
seed 13
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
2.0 cid turns misshapen
3..12 every 1 operator rotates
also by cid@home.lab/cid1 in no room -> refused (malformed)
15 dot joins
expect (join, ratchet, 4 members)
# Keys of Cid may be refused: an altered byte can fall into what it sealed.
never ann: refused envelope
never ann: refused ack
never ann: refused claim
never bob: refused envelope
never bob: refused ack
never bob: refused claim
never dot: refused envelope
never dot: refused ack
never dot: refused claim
never service: laggard ann
never service: laggard bob
end 30
