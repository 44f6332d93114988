"""Who seals for whom (5.10, 5.13), as roster indices."""


def recipients(roster, me, kind, number, leader=None):
    """roster: lines in order, `new` marked; me: own index; number: 1 or 2; leader: index of the one that seals for all."""
    if leader is not None:
        return [i for i, line in enumerate(roster) if number == 2 and me == leader != i and (line.new or kind == "fresh")]
    joiners = [i for i, line in enumerate(roster) if line.new]
    incumbents = [i for i, line in enumerate(roster) if not line.new]
    if number == 1:
        return sorted(incumbents + [j for j in joiners if j > me]) if me in joiners else []
    if me in joiners:
        return [j for j in joiners if j < me]
    others = [i for i in incumbents if i != me] if kind == "fresh" else []
    return sorted(joiners + others)
