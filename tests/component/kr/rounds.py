"""Who seals for whom (5.10), as roster indices."""


def recipients(roster, me, kind, number):
    """roster: lines in order, `new` marked; me: own index; number: 1 or 2."""
    joiners = [i for i, line in enumerate(roster) if line.new]
    incumbents = [i for i, line in enumerate(roster) if not line.new]
    if number == 1:
        return sorted(incumbents + [j for j in joiners if j > me]) if me in joiners else []
    if me in joiners:
        return [j for j in joiners if j < me]
    others = [i for i in incumbents if i != me] if kind == "fresh" else []
    return sorted(joiners + others)
