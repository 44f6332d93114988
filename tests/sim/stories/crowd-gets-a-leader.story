story A crowd gets a leader, and loses it again
# Above four members one makes the keys for all, back at 80 % of four everybody its own; nobody loses a frame.
seed 13
leader-above 4
calm
people ann bob cid dot eve fay

1.0 ann joins
3.0 bob joins
5.0 cid joins
7.0 dot joins
9.0 eve joins
11.0 fay joins
15.0 fay leaves
18.0 eve leaves
21.0 dot leaves
24.0 cid leaves
expect (leave, fresh, 2 members)
expect -> committed
end 30
