# Supplements for several at once, one of whom was served already.
# Found by seed 84.
story A crash, a lost stream and a slow line
seed 84
cipher null
policy occupants
jitter 1030
people ann:guest bob cid

0.776 ann joins
0.865 bob joins
1.000 ann loses-its-stream unnoticed 867
1.214 cid joins
2.763 service crashes midway 453
3.402 store fails query 562
end 4.402
