"""Judges a meeting by what its participants counted.

(a) no frame is lost: who is in an epoch's roster opened exactly what each sender of that roster sealed in it;
(b) nobody opened a frame of an epoch whose roster does not hold it;
(c) all that were told of an epoch had the same context and the same roster;
(d) epoch numbers of an instance only rise, and none was used for two contexts.
"""

# A participant that ends early is held to the epochs that were replaced so long before its end that all had switched.
SETTLED_MS = 3000


class Verdict:
    def __init__(self):
        self.faults = []
        self.lost = 0          # frames
        self.foreign = 0       # frames opened that should not have been
        self.pairs = 0         # (receiver, sender, epoch) compared exactly
        self.frames = 0        # frames in these
        self.epochs = set()

    def fault(self, text):
        self.faults.append(text)


def judge(peers):
    """peers: every life (lab.meeting.Peer or alike), each with its last frames event."""
    verdict = Verdict()
    rosters = _epochs(peers, verdict)
    sealed = {}
    for peer in peers:
        frames = peer.last("frames")
        if frames is None:
            verdict.fault(f"{peer.life}: no count of its frames")
            continue
        for key, count in frames["sealed"].items():
            sealed[peer.nick, key] = sealed.get((peer.nick, key), 0) + count
            if key not in peer.announces:
                verdict.fault(f"{peer.life} sealed {count} frames in epoch {key}, which was not announced to it")
    for peer in peers:
        frames = peer.last("frames")
        if frames is not None:
            _opened(peer, frames, rosters, sealed, verdict)
            _exact(peer, frames, sealed, verdict)
        _refused_while_member(peer, verdict)
    return verdict


def _epochs(peers, verdict):
    contexts, rosters = {}, {}
    for peer in peers:
        highest = {}
        for event in peer.events:
            if event.get("event") != "announce":
                continue
            key = f"{event['instance'][:8]}/{event['epoch']}"
            instance, epoch = event["instance"], int(event["epoch"])
            facts = (event["context"], tuple(event["roster"]))
            if contexts.setdefault(key, facts) != facts:
                verdict.fault(f"{peer.life}: another context or roster of epoch {key} than others were told")
            rosters.setdefault(key, set(event["roster"]))
            verdict.epochs.add(key)
            if epoch < highest.get(instance, 0):
                verdict.fault(f"{peer.life}: epoch {key} after {highest[instance]}")
            highest[instance] = max(epoch, highest.get(instance, 0))
    return rosters


def _opened(peer, frames, rosters, sealed, verdict):
    for sender, by_key in frames["opened"].items():
        for key, count in by_key.items():
            if not count:
                continue
            roster = rosters.get(key, set())
            if peer.nick not in roster or key not in peer.announces:
                verdict.foreign += count
                verdict.fault(f"{peer.life} opened {count} frames of {sender} in epoch {key} without being in its roster")
            if sender not in roster:
                verdict.foreign += count
                verdict.fault(f"{peer.life} opened {count} frames of {sender}, who is not in the roster of epoch {key}")
            if count > sealed.get((sender, key), 0):
                verdict.fault(f"{peer.life} opened {count} frames of {sender} in epoch {key}, "
                              f"which sealed {sealed.get((sender, key), 0)}")


def _held(peer):
    """Epochs of which this participant must have opened every frame."""
    end = peer.events[-1]["t"] if peer.events else 0
    # What was counted when the meeting had fallen silent stands: that it went afterwards is no excuse.
    counted = float("inf") if peer.drained_at is None else peer.drained_at
    gone = [e["t"] for e in peer.events if e.get("event") in ("left", "down", "detached") and e["t"] <= counted]
    keys = []
    for key in peer.order:
        if peer.nick not in peer.announces[key]["roster"]:
            continue
        since = peer.announces[key]["t"]
        until = min([t for t in gone if t >= since], default=None)
        if until is None and not peer.ended_early:
            keys.append(key)
            continue
        # It went while others still sent in its last epochs: only those count that had been replaced well before.
        until = end if until is None else until
        instance = key.split("/")[0]
        replaced = min([commit["t"] for other, commit in peer.commits.items()
                        if other.split("/")[0] == instance and int(other.split("/")[1]) > int(key.split("/")[1])],
                       default=None)
        if replaced is not None and replaced + SETTLED_MS <= until:
            keys.append(key)
    return keys


def _exact(peer, frames, sealed, verdict):
    for key in _held(peer):
        for sender in peer.announces[key]["roster"]:
            if sender == peer.nick:
                continue
            want, got = sealed.get((sender, key), 0), frames["opened"].get(sender, {}).get(key, 0)
            verdict.pairs += 1
            verdict.frames += want
            if got < want:
                verdict.lost += want - got
                why = {k: v for k, v in frames["refused"].get(sender, {}).items() if k.endswith("/" + key.split("/")[1])}
                verdict.fault(f"{peer.life} opened {got} of the {want} frames that {sender} sealed in epoch {key} "
                              f"(refused: {why or 'none'})")


def _refused_while_member(peer, verdict):
    """A count taken before it went may hold no refused frame of an epoch it is a member of. Another attach is another
    membership: numbers of its instance may be those of an earlier one, from before it came."""
    attach = None
    for event in peer.events:
        if event.get("event") in ("left", "down", "detached"):
            return
        if event.get("event") == "attached":
            if attach not in (None, event["attach"]):
                return
            attach = event["attach"]
        if event.get("event") != "frames":
            continue
        for sender, by_key in event["refused"].items():
            for key, reasons in by_key.items():
                # What does not open has no readable instance: only its epoch number, from the key id, is known.
                own = [k for k in peer.order if k.split("/")[1] == key.split("/")[1]
                       and {peer.nick, sender} <= set(peer.announces[k]["roster"])]
                if own and reasons:
                    verdict.lost += sum(reasons.values())
                    verdict.fault(f"{peer.life} refused frames of {sender} in its own epoch {own[0]}: {reasons}")


def judge_watch(lines):
    """lines: what mod_lab_watch wrote. One-time keys handed out twice, epoch numbers announced in two ways. Returns
    (faults, number of one-time keys, number of epochs)."""
    faults, keys, epochs = [], set(), {}
    for words in lines:
        if words[:2] == ["claimed", "one-time"]:
            if words[2] in keys:
                faults.append(f"one-time key {words[2]} was handed out twice")
            keys.add(words[2])
        elif words[:1] == ["announce"]:
            _, instance, epoch, *facts = words
            if epochs.setdefault((instance, epoch), facts) != facts:
                faults.append(f"epoch {epoch} of instance {instance} was announced in two ways: "
                              f"{epochs[instance, epoch]} and {facts}")
    return faults, len(keys), len(epochs)
