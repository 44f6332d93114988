# The others ratchet ann's secret and believe to hold it. ann must ratchet through what she missed; she made a fresh one, and
# nobody could open what she sent, and nobody knew.
# Found by seed 3534.
story A member misses the announce of a ratchet
seed 3534
cipher null
policy registered
jitter 97
people ann bob cid dot eve:device-of=ann fay

0.945 fay joins
3.719 ann joins
9.116 ann misses-announces 2
11.091 cid joins
11.473 bob joins
end 12.473
