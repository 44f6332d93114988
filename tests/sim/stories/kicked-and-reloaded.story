story One is kicked, one reloads the page, one loses the stream
# Each is a leave, whatever it is called, and each gets a fresh epoch. Who comes back is another attach, on the same device:
# the leave and the join of a reloaded page are one epoch.
seed 1
cipher olm
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 cid is-kicked
expect service: epoch 2 of room@muc.lab -> announced (leave, fresh, 2 members)
also cid: left kicked
10.0 bob reloads 500
expect service: epoch 3 of room@muc.lab -> announced (join leave, fresh, 2 members)
expect service: epoch 3 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
20.0 ann loses-its-stream unnoticed 5000
expect service: epoch 4 of room@muc.lab -> announced (join leave, fresh, 2 members)
expect service: epoch 4 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never bob: exposed
end 30
