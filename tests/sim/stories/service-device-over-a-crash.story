story The service makes the keys, and dies in the middle of a rotation
# What its participant knew is gone with the process; its device is not. It attaches anew, and the members, who are still
# there, get a fresh epoch from it.
seed 7
source service
people ann bob cid dot

1.0 ann joins
1.1 bob joins
1.2 cid joins
1.3 dot joins
5.00 service crashes midway 2000
5.01 operator rotates
expect service: process -> ended (killed)
expect service: process -> started
expect of keyroom in room@muc.lab -> over (left)
expect of keyroom in room@muc.lab -> member (the service's own device)
expect recover, fresh, 5 members)
expect -> committed (5 of 5 acked, 0 laggards, 0 silent)
never mismatch
end 20
