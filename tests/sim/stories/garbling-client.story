story A client that seals what nobody can open
# What Cid sends decrypts for nobody. The others open new sessions, ask again, and in the end miss Cid's key alone. In the
# first epoch that costs them the deadline; since more than half miss it, it is Cid who is at fault, and in the next
# epochs nobody waits for that key.
seed 1
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
1.3 dot joins
4.0 cid turns garbling
5.0 operator rotates
expect ann: refused key cannot-open cid
expect within 2.1 service: epoch 2 of room@muc.lab -> committed (1 of 4 acked, 3 laggards, 0 silent)
20.0 operator rotates
expect within 0.5 service: epoch 3 of room@muc.lab -> committed (4 of 4 acked, 0 laggards, 0 silent)
also within 0.5 bob: refused key cannot-open cid
never service: laggard
never cannot-open ann
never cannot-open bob
never cannot-open dot
end 30
