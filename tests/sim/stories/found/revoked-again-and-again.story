# bob's envelopes are refused, and each new announce gave bob's old key more time, with somebody gone who holds it. The first
# announce without that member ends it.
# Found by seed 150.
story Epoch after epoch is announced, and none can be switched to
seed 150
cipher null
policy occupants
jitter 6
people ann bob cid:device-of=ann dot eve fay

0.885 ann joins
1.000 eve joins
1.392 cid joins
2.842 fay joins
3.129 operator rotates
5.155 bob joins
5.438 cid turns denying
5.941 dot joins
6.505 bob turns forging
8.663 ann reloads 886
16.802 fay leaves
20.426 cid is-revoked everywhere
end 21.426
