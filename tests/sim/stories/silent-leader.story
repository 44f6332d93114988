story A leader that is silent is replaced
# Ann leads, and stops sealing: when collecting ends, Bob takes over, and the leave is answered all the same.
seed 11
source leader
people ann bob cid:follows dot:follows

1.0 ann joins
2.0 bob joins
3.0 cid joins
4.0 dot joins
8.0 ann turns mute
9.0 dot leaves
expect leader ann of room@muc.lab -> deposed (it has not sealed in time)
expect (leave leader, fresh, 3 members)
expect -> committed
end 30
