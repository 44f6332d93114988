# cid sends with a key that ann holds, is told that it is no member, and waits to attach again. In all that time it must show
# that the room is exposed.
# Found by seed 19.
story The service starts from a backup while somebody leaves
seed 19
cipher null
policy occupants
jitter 631
people ann bob cid:device-of=bob dot eve

0.320 cid joins
0.607 ann joins
2.055 dot joins
8.745 ann leaves
10.029 store is-restored 157
11.320 cid sleeps 3592
end 30.292
