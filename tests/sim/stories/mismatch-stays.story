# Who was told another roster stays out: neither a service that starts from a backup nor its word that the member is none
# may attach it again; only its user does.
story A mismatch that nobody heals
seed 1
people ann bob cid

1.000 ann joins
1.500 bob joins
4.000 store is-backed-up
5.000 cid is-told-another-roster
5.100 cid joins
expect within 10 cid: mismatch
12.000 store is-restored 500
never again cid: attached
end 40
