story A client that sends what is no request
# A third of what Cid sends has a byte changed somewhere. It is refused or ignored, whatever it has become; the others rotate,
# join and leave around it.
seed 3
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
2.0 cid turns misshapen
3..12 every 1 operator rotates
also by cid@home.lab/cid1 in no room -> refused (malformed)
15 dot joins
expect (join, ratchet, 4 members)
never ann: refused
never bob: refused
never dot: refused
never service: laggard ann
never service: laggard bob
end 30
