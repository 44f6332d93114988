# It is not for this attach, and says nothing about it.
# Found by seed 759.
story An announce of the attach before reaches a client that attaches
seed 759
cipher null
policy occupants
jitter 983
people ann:hall bob cid dot:guest:hall eve:guest fay gus

19.842 gus joins
20.973 eve joins
24.667 service loses-its-link noticed 6775
27.436 eve leaves
28.290 eve joins
31.617 operator rotates
end 32.617
