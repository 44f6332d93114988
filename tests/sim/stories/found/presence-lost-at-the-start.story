# It ends the attach of somebody who is there, and refuses eve as no occupant: eve asks again until it is one.
# Found by seed 308.
story The service does not see a member when it comes back
seed 308
cipher null
policy occupants
jitter 83
people ann:guest bob:guest cid dot eve:guest fay

10.720 eve joins
17.304 eve loses-its-stream noticed 1284
18.900 store fails begin 1652
19.443 service misses-presence 2
end 34.387
