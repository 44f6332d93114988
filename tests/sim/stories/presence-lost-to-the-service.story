story The service is not told that somebody left
# The presence of Cid's leave is lost on its way to the service, so the service does nothing. The others see the leave and
# show, after ten seconds, that Cid may still read: they need no word of the service for that. When presence tells the
# service at last, the room rotates and the warning ends.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.0 service misses-presence 1
6.0 cid leaves
at 16.0
expect within 0.1 ann: exposed cid
also within 0.1 bob: exposed cid
at 40.0 # faults stop: what was lost is told
expect within 0.3 service: epoch 2 of room@muc.lab -> announced (leave, fresh, 2 members)
expect within 0.4 bob: unexposed
also within 0.4 ann: unexposed
end 40
