# bob detaches while the service's link is down. The service counts bob in again when it is back: bob says it again.
# Found by seed 35.
story A detach is lost
seed 35
cipher null
policy registered
jitter 49
people ann bob

1.000 bob joins
4.752 service loses-its-link noticed 7846
9.600 bob detaches
end 10.600
