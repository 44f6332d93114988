story Nobody who may lead is quick enough
# Every word takes up to 1.5 s, and each leader has 1 s to claim and to seal: they were deposed in turn, once a second, and the
# room never had a key again. Who leads because nobody else can has more time.
seed 29452
cipher null
jitter 1486
source leader
people ann bob:guest cid:device-of=ann

0.493 cid joins
1.217 bob joins
1.599 ann joins
8.452 cid leaves
11.322 cid joins
13.460 ann leaves
16.844 service crashes now 448
21.113 cid turns forging
end 27.230
