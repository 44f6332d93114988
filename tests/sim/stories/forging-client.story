story A client whose signatures do not verify
# Half of what Cid signs is spoiled, here its envelope. The service checks the signature over it and refuses it without any
# effect. What Cid signed is its context: a refusal says that the service has another one, so Cid's client falls out, says so
# and stops, as if it had been told another roster. The others lack nothing of each other.
seed 3
cipher olm
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
4.0 cid turns forging
5.0 operator rotates
expect service: envelope by cid@home.lab/cid1 in room@muc.lab -> refused (bad-signature)
expect cid: mismatch 2 context-mismatch
expect service: epoch 2 of room@muc.lab -> committed (2 of 3 acked, 1 laggards, 1 silent)
expect within 4.1 cid: stop 2 mismatched
10.0 operator rotates
expect service: epoch 3 of room@muc.lab -> committed (2 of 3 acked, 1 laggards, 1 silent)
never cid: switch 3
never ann: refused
never bob: refused
end 20
