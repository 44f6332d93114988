# It is refused, and the service then counts cid in again: the first event says so, and cid says it once more.
# Found by seed 29427.
story A detach comes before the service is back in the room
seed 29427
cipher null
policy occupants
jitter 74
people ann bob cid dot eve:hall fay

0.133 cid joins
13.405 service stops 10860
16.302 service loses-its-link unnoticed 338
21.773 cid detaches
end 22.773
