# ann and bob see that dot is gone, and the service does not: they show it, by what they send with, from the moment they send.
# Found by seed 99.
story The service does not see somebody leave
seed 99
cipher null
policy occupants
jitter 461
people ann bob:guest cid:hall:device-of=ann dot

3.485 ann joins
5.434 dot joins
15.274 service misses-presence 1
19.561 dot is-kicked
21.662 bob joins
end 36.711
