story The service is stopped while a rotation is under way
# The announce of epoch 2 has arrived, the answers to what Ann and Bob sealed have not. By the time of their own clocks they
# must not send with epoch 1 any longer, and cannot know who could read epoch 2: they stop, and say that it is for want
# of a sealed key. When the service runs again they are served, and send again.
seed 1
people ann bob cid

1.0 ann joins
1.1 bob joins
1.2 cid joins
5.00 operator rotates
5.02 service stops 30000
at 5.02
expect within 4.1 ann: stop 2 unsealed
also within 4.1 bob: stop 2 unsealed
also within 4.1 cid: stop 2 unsealed
at 35.0
also within 3 ann: switch
also within 3 bob: switch
also within 3 cid: switch
end 50
