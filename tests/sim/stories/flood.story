story Somebody floods the service
# Eve sends a thousand requests at once in `room`. After her burst she is refused with `quota`, and nobody else pays: in
# `hall` Joe leaves in the same moment, and the keys there rotate as always. The rest of `room` can rotate too.
seed 1
people ann eve hal:hall ivy:hall joe:hall

1.0 ann joins
1.1 eve joins
1.2 hal joins
1.3 ivy joins
1.4 joe joins
5.00 eve floods 1000
expect service: challenge by eve@home.lab/eve1 in room@muc.lab -> refused (quota)
5.05 joe leaves
expect within 0.3 service: epoch 2 of hall@muc.lab -> announced (leave, fresh, 2 members)
expect within 0.5 service: epoch 2 of hall@muc.lab -> committed (2 of 2 acked, 0 laggards, 0 silent)
7.0 operator rotates
expect within 0.2 service: epoch 2 of room@muc.lab -> announced (manual, fresh, 2 members)
expect within 2.1 service: epoch 2 of room@muc.lab -> committed
also within 2.1 ann: switch 2
never by ann@home.lab/ann1 in room@muc.lab -> refused
never by hal@
never by ivy@
end 20
