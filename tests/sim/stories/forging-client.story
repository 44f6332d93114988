story A client whose signatures do not verify
# Half of what Cid signs is spoiled, here its envelope. The service checks the signature over it and refuses it without any
# effect: Cid is silent in that epoch, and its client knows that nobody has its key and stops. The others lack nothing of
# each other. The next time Cid's signature is good, and it is heard again.
seed 19
cipher olm
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
4.0 cid turns forging
5.0 operator rotates
expect service: envelope by cid@home.lab/cid1 in room@muc.lab -> refused (bad-signature)
expect service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 1 silent)
expect within 4.1 cid: stop 2 unsealed
10.0 operator rotates
expect service: epoch 3 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
expect cid: switch 3
never service: laggard
never ann: refused
never bob: refused
end 20
