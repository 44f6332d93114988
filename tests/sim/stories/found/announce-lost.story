# dot misses the announce of the epoch that eve joins with. The first word of that epoch from the service must make it ask
# for the whole; it went on with its old key for good.
# Found by seed 118.
story An announce is lost to a member
seed 118
cipher null
policy occupants
jitter 5
people ann bob cid dot eve fay

0.430 dot joins
2.074 dot misses-announces 1
2.169 eve joins
end 3.169
