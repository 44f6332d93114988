# eve asks for the whole of an epoch whose policy is no longer the room's: the text must be the one that the epoch was made with.
# Found by seed 326.
story The policy changes while an epoch is in flight
seed 326
cipher null
policy registered
jitter 43
people ann bob cid dot eve

1.021 dot joins
1.087 eve joins
2.869 eve misses-announces 3
4.050 operator sets-policy occupants
5.005 operator rotates
6.199 operator sets-policy registered
end 7.199
