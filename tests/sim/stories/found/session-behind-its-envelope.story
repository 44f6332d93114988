# On a slow line cid seals before dot's first round has reached it, and has no session to dot. When the session comes, cid must
# seal for dot by itself: dot had acked before it could know, and nobody asked.
# Found by seed 17.
story A session comes behind the envelope that withheld for want of it
seed 17
cipher null
policy occupants
jitter 1441
people ann:guest bob cid dot

0.764 cid joins
19.032 dot joins
end 19.719
