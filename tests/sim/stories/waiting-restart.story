# Gus waits for approval when the service restarts. His attach is in the store and presence confirms it: he goes on waiting
# with it, and is let in by it.
story A waiting guest and a service that restarts
seed 1
people ann gus:guest
policy registered

1.000 ann joins
1.500 gus joins
expect gus: attached waiting
5.000 service crashes now 500
never again gus: attached waiting
12.000 gus is-approved here
expect within 4 gus: announce
end 20
