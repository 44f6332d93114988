"""What is measured: systems, cases, sizes. A new key source is one entry of SYSTEMS, a new case one of CASES."""

from dataclasses import dataclass, field

STOCK = "stock"
CHECKED = "keyroom-participants"    # the system whose ratios are told at the end


@dataclass(frozen=True)
class System:
    name: str
    load: str               # kr-load's name of it
    most: int               # participants; beyond, it is not measured
    source: str = None      # key source of its rooms
    options: dict = field(default_factory=dict)     # of keyroomd's rooms, besides
    floor: str = None       # system name of the floor under it
    cases: tuple = None     # those it is measured in; None: all


# Stock at 500 takes a minute and a half for one rotation, and 90 s of CPU: nobody needs that each time.
SYSTEMS = (
    System("keyroom-participants", "keyroom", 500, source="participants", options={"leader-above": 0}, floor="prosody-floor"),
    System("keyroom-leader", "keyroom", 1000, source="leader", floor="prosody-floor-leader",
           cases=("leave", "leave-default-read", "leave-10kbps", "leave-10kbps-default-read", "join-storm")),
    System("keyroom-service", "keyroom", 1000, source="service",
           cases=("leave", "leave-default-read", "leave-10kbps", "leave-10kbps-default-read", "join-storm")),
    System(STOCK, "stock", 200),
)


@dataclass(frozen=True)
class Case:
    name: str
    story: str              # kr-load's
    quick: tuple            # numbers of participants with --quick; () leaves the case out
    full: tuple
    rounds: tuple = (1, 1)  # with --quick, and without
    server: dict = field(default_factory=dict)      # arguments of lab.prosody.Prosody
    options: dict = field(default_factory=dict)     # of keyroomd's rooms
    load: dict = field(default_factory=dict)        # of kr-load
    quick_load: dict = field(default_factory=dict)  # and besides with --quick
    seconds: tuple = None   # of a storm: with --quick, and without
    quick_systems: tuple = None                     # None: all
    floor: bool = False
    rename: dict = field(default_factory=dict)      # what kr-load calls leave, join: None drops it


ONLY_LEAVE = {"only_leave": True}
BOTH = (CHECKED, STOCK)

# Without --olm a ciphertext is a dummy of the right size: the whole conference's Olm on one core would be measured instead of
# the system. With it, time-outs of the service are out of the way for the same reason.
PATIENT = {"deadline": 60000}

CASES = (
    Case("leave", "meeting", (20, 50, 100), (10, 20, 50, 100, 200, 1000), rounds=(1, 5), floor=True,
         quick_load=ONLY_LEAVE, quick_systems=BOTH),
    Case("leave-default-read", "meeting", (), (20, 50, 100, 200), rounds=(1, 3), server={"read_size": None}, load=ONLY_LEAVE,
         rename={"leave": "leave-default-read"}, floor=True),
    Case("leave-10kbps", "meeting", (), (50,), rounds=(1, 3), server={"client_rate": "10kb/s"}, load=ONLY_LEAVE,
         rename={"leave": "leave-10kbps"}),
    Case("leave-10kbps-default-read", "meeting", (), (50,), rounds=(1, 3), server={"client_rate": "10kb/s", "read_size": None},
         load=ONLY_LEAVE, rename={"leave": "leave-10kbps-default-read"}),
    Case("leave-olm", "meeting", (), (10, 20, 50), rounds=(1, 3), load={"olm": True}, options=PATIENT,
         rename={"leave": "leave-olm", "join": "join-olm"}),
    Case("enable-all", "enable", (20,), (20, 50, 100, 130), load={"olm": True}, options=PATIENT, quick_systems=BOTH),
    Case("join-storm", "join-storm", (20,), (10, 20, 50, 100), quick_systems=BOTH),
    Case("leave-storm", "storm", (100,), (100,), seconds=(12, 300), quick_systems=(CHECKED,)),
    Case("many-rooms", "many", (), (10,), seconds=(10, 60), load={"rooms": 1000, "every": 100}, quick_systems=(CHECKED,)),
)

UNITS = {"bytes": "bytes", "bytes_clients": "bytes", "rss": "bytes", "prosody_rss": "bytes", "memory_per_member": "bytes",
         "stanzas": "stanzas", "keys": "keys", "failed_pairs": "pairs", "late_acks": "acks", "busy": "requests",
         "cpu_per_ciphertext_us": "us", "leaves": "leaves", "members": "members", "claims_per_s": "1/s",
         "devices": "devices"}


def unit(metric):
    """Everything else is a time."""
    for suffix in ("_min", "_max"):
        if metric.endswith(suffix) and metric not in ("rotation_max",):
            metric = metric.removesuffix(suffix)
    return UNITS.get(metric, "s")


def systems(case, quick):
    """Who is measured in a case."""
    chosen = [s for s in SYSTEMS if s.cases is None or case.name in s.cases]
    if case.name == "many-rooms":
        chosen = [s for s in chosen if s.load == "keyroom"]
    if quick and case.quick_systems is not None:
        chosen = [s for s in chosen if s.name in case.quick_systems]
    return chosen
