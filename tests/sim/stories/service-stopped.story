story The service is stopped for half a minute while somebody leaves
# As with SIGSTOP: the service neither works nor goes away. Cid leaves and holds the key in use. After ten seconds by their
# own clocks Ann and Bob show the room as exposed, and who it is; but a key that is not replaced is no reason to stop
# sending. When the service runs again it answers the leave at once.
seed 1
cipher olm
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 service stops 30000
6.0 cid leaves
at 16.0
expect within 0.1 ann: exposed cid
also within 0.1 bob: exposed cid
at 35.0
expect within 0.3 service: epoch 2 of room@muc.lab -> announced (leave, fresh, 2 members)
also within 0.4 ann: unexposed
also within 0.4 bob: unexposed
expect service: epoch 2 of room@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
never : stop
never : detached
end 50
