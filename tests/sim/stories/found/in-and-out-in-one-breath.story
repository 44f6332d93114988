# The answer to the leave comes behind the new join. It must not be taken for a leave of the new stay: cid was left in the room
# without knowing it.
# Found by seed 56.
story Somebody leaves and joins again before the room has answered
seed 56
cipher null
policy occupants
jitter 59
calm
people ann bob cid

18.452 cid joins
19.500 cid leaves
19.555 cid joins
20.162 cid leaves
end 21.162
