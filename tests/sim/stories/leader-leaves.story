story The leader leaves before it has sealed
# It has not sealed when it goes, before collecting ends: the next one does not wait for that.
seed 12
source leader
people ann bob cid dot

1.0 ann joins
2.0 bob joins
3.0 cid joins
4.0 dot joins
9.0 ann turns mute
9.1 dot leaves
9.9 ann leaves
expect (its leader has left)
expect fresh, 2 members)
expect -> committed
end 30
