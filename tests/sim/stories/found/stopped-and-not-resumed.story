# cid stopped, took up the same key again, and stopped, for ever, in one millisecond.
# Found by seed 8077.
story Who waits for the whole stays stopped
seed 8077
cipher null
policy occupants
jitter 106
people ann bob:guest cid

11.216 cid joins
13.648 ann joins
14.812 cid floods 151
15.339 cid misses-announces 1
20.355 ann reloads 93
end 21.355
