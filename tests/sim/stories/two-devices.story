story Two devices of one user, and one of them is lost
# Ann joins with her laptop and later with her tablet (pad). They are two members with keys of their own. The tablet is
# stolen and revoked: it is out at once, in the middle of the meeting, and the laptop stays.
seed 1
cipher olm
people ann pad:device-of=ann bob

1.0 ann joins
1.1 bob joins
5.0 pad joins
expect service: epoch 2 of room@muc.lab -> announced (join, ratchet, 3 members)
expect service: epoch 2 of room@muc.lab -> committed (3 of 3 acked, 0 laggards, 0 silent)
10.0 pad is-revoked everywhere
expect within 0 -> loses its right (the device is revoked)
expect within 0 service: epoch 3 of room@muc.lab -> announced (revoke, fresh, 2 members)
expect within 0.1 pad: detached revoked
expect service: epoch 3 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
15.0 pad leaves
16.0 pad joins
expect pad: joined # the room takes her, the service does not
expect service: attach by ann@home.lab/pad1 in room@muc.lab -> refused (revoked)
never pad: announce 4
end 20
