story A device is revoked in one room only
# Cid's two devices are in two rooms. A revocation `here` is of one room: the other room does not even rotate.
seed 1
people ann cid hal:hall ivy:hall:device-of=cid

1.0 ann joins
1.1 cid joins
1.2 hal joins
1.3 ivy joins
5.0 cid is-revoked here
expect within 0 service: epoch 2 of room@muc.lab -> announced (revoke, fresh, 1 members)
expect cid: detached revoked
never epoch 2 of hall@muc.lab
never ivy: detached
end 20
