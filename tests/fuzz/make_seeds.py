#!/usr/bin/env python3
"""Writes the first seeds of the targets whose input is a script of decisions (fuzz_core.c, fuzz_client.c, fuzz_database.c,
fuzz_jframe2021.c): make_seeds.py FOLDER
What fuzzing adds to them is minimised with -merge=1 and committed beside them."""
import pathlib
import sys

A, B, C, GUEST = range(4)
NONE, MEMBER, ADMIN, OWNER = range(4)
WAIT = {ms: i for i, ms in enumerate((1, 10, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000))}
REQUESTS = ("challenge", "attach", "keys", "detach", "claim", "envelope", "ack", "session", "whole", "approve", "revoke",
            "rotate", "line", "attest", "unattest", "alarm")
PLAIN = 0  # sent as oneself, to the room


def join(peer, affiliation=NONE, keys=2):
    return bytes((0, peer, affiliation, 0, keys, 31))


def wait(ms):
    return bytes((2, WAIT[ms]))


def request(peer, kind, *args):
    return bytes((5, peer, REQUESTS.index(kind), *args, PLAIN))


def claim(peer, *targets):
    pairs = [b for t in targets for b in (t, 1)]
    return request(peer, "claim", len(targets) - 1, *pairs)


def temper(peer, bits, other=0):
    return bytes((8, peer, bits)) + (bytes((other,)) if bits & 2 else b"")


def leave(peer):
    return bytes((21, 1, peer))


LINK, CRASH = bytes((12, 1)), bytes((13, 3))
CRASH_MID_TURN = bytes((13, 1))
OWN = bytes((18, 0, 0))


def control(kind, scope, peer):
    return bytes((14, kind, scope, peer))


def settings(bits, more=0):
    return bytes((15, bits, more))


def enter_room(peer):
    return bytes((22, 0, peer, NONE))


DESTROYED = bytes((18, 4, 0))
INVITED, INVITED_TO_TWO = bytes((19, 0, 0, 0)), bytes((19, 0, 1, 0))
MEETING = join(A) + join(B) + wait(500) + join(C) + wait(500) + join(GUEST) + wait(2000)
CORE = {
    "meeting": MEETING + leave(B) + wait(2000) + join(B) + wait(2000),
    "claims": MEETING + claim(A, B, C) + claim(B, A) + claim(A, B) + request(A, "keys", 0x13) + wait(1000),
    "keys again": MEETING + request(A, "keys", 0x01) + request(A, "keys", 0xA1) + claim(B, A) + claim(C, A)
    + request(A, "keys", 0xA1) + claim(GUEST, A) + CRASH + wait(2000) + request(A, "keys", 0xA1) + claim(B, A),
    "silent": MEETING + temper(A, 1) + leave(C) + wait(5000) + temper(A, 0) + wait(5000),
    "deaf": MEETING + temper(A, 2, B) + leave(C) + wait(1000) + request(B, "envelope", 2, 0x0F, 0, 15, 0) + wait(5000),
    "late": temper(A, 1) + join(A) + join(B) + wait(200) + request(A, "envelope", 0, 0, 15, 0x10, 1) + wait(200)
    + request(A, "envelope", 1, 0, 15, 0) + request(A, "ack", 0, 0, 0) + wait(5000),
    "whole": MEETING + request(A, "whole", 1) + request(A, "whole", 0) * 6 + wait(1000),
    "grants": settings(2) + join(A, OWNER) + join(GUEST) + control(0, 1, GUEST) + wait(1000) + control(1, 0, GUEST)
    + wait(1000) + settings(6) + request(A, "approve", GUEST) + request(A, "revoke", B) + wait(2000),
    "owner": join(A, OWNER) + join(B) + wait(2000) + request(A, "rotate") + wait(2000) + request(A, "revoke", B)
    + wait(2000),
    "policies": MEETING + settings(8) + wait(2000) + settings(1, 15) + wait(2000) + settings(0x20, 3) + wait(60000) * 2,
    "restart": MEETING + CRASH + wait(2000) + CRASH_MID_TURN + OWN + wait(5000),
    "restart in flight": join(A) + join(B) + wait(200) + CRASH + wait(5000),
    "link": MEETING + LINK + leave(B) + LINK + wait(5000) + bytes((18, 6, 0, 6)) + wait(10000) + OWN + wait(2000),
    "sessions": MEETING + request(A, "session", B, 3, 1, 2, 3) + request(A, "detach") + wait(2000),
    "verified": settings(0xC2) + join(A, OWNER) + join(B) + wait(1000) + request(A, "attest", B, 0) + wait(1000)
    + request(B, "line", 1, A, B) + request(A, "unattest", B, 0) + wait(2000) + request(B, "attest", A, 4) + CRASH + wait(5000)
    + request(A, "alarm", B),
    "votes": settings(0xC1) + join(A) + join(B) + request(A, "attest", B, 0) + request(B, "attest", A, 16) + wait(60000) * 12,
    "churn": MEETING + (leave(B) + wait(1000) + join(B) + wait(1000)) * 8 + wait(10000),
    "timer": MEETING + settings(0, 1) + wait(300000) * 3,
    "invited": bytes((19, 0, 1, 0)) + bytes((19, 0, 0, 1)) + wait(1000) + OWN + bytes((19, 0, 0, 2, 0, 0)),
    "two rooms": settings(0, 0xE0) + DESTROYED + INVITED_TO_TWO + INVITED + enter_room(A) + enter_room(B) + OWN + MEETING
    + leave(B) + wait(2000) + control(1, 1, B) + wait(2000),
    "raw": MEETING + bytes((20, 40)) + b"<presence from='room@muc.example.org/a'/>"[:40] + wait(1000),
    "presence": MEETING + bytes((10, A, B, 0, 2, 1, 0, 0)) + wait(500) + bytes((10, A, A, 2, 1, 5, 0)) + wait(2000),
    "queue": join(A) + bytes((17, 1)) + join(B) + bytes((17, 0)) + join(B) + wait(2000) + bytes((16, 8, 0, 0)),
}

# --- fuzz_client.c: a step at index i of its table, then what that step reads ---

TIMES = {ms: i for i, ms in enumerate((1, 100, 200, 500, 1000, 2000, 3000, 5000, 10000, 20000, 60000, 100000))}
LEAVE, DETACH, TIME, UP, DOWN = range(5)
ROTATE, RESTART, GONE, JFRAME = 0, 3, 4, 13


def enter(who):
    return bytes((0, who))


def after(ms):
    return bytes((2, TIMES[ms]))


def command(who, what):
    return bytes((5, who, what))


def bend(stanza):
    return bytes((6, stanza - 1))


def drop(stanza):
    return bytes((9, stanza - 1))


def service(what, *bent):  # bent: what is read while the stanzas that follow arrive
    return bytes((17, what, *bent))


def frame(sender, to, track):
    return bytes((14, sender, to, track, 0, 0))


def show(kind, who, of, *args):
    return bytes((16, who, of, kind, *args))


TWO = enter(A) + enter(B) + after(1000)
THREE = TWO + enter(C) + after(2000)
FRAMES = frame(A, B, A) + frame(B, A, B) + frame(A, B, B)
CLIENT = {
    "meeting": THREE + FRAMES + service(ROTATE) + after(2000) + FRAMES + command(B, LEAVE) + after(3000),
    "restart": TWO + service(RESTART) + after(5000) + FRAMES + service(GONE) + command(A, DETACH) + after(20000),
    "jframe": service(JFRAME) + THREE + FRAMES + service(ROTATE) + after(2000) + frame(C, A, C),
    "link": TWO + command(A, DOWN) + after(2000) + command(A, UP) + after(10000) + FRAMES,
    "lost requests": drop(3) + TWO + drop(4) + service(ROTATE) + after(20000),
    "refused": bend(1) + enter(A) + bytes((3, 9)) + after(10000) + bend(2) + enter(B) + bytes((3, 20)) + after(20000),
    "presence": THREE + show(2, A, B) + show(3, A, C) + after(3000) + show(1, A, B, 0) + after(20000) + show(0, A, A, 0)
    + after(10000),
    "misspelt": TWO + bend(1) + service(ROTATE, 1, 1, 40, 2, 0) + after(2000) + after(10000),
    "forged": TWO + bytes((12, A, 0, 0, 1, 1)) + bytes((12, A, 1, 2, 7, 1)) + bytes((12, B, 2, 4, 1)) + after(3000),
    "over": TWO + bytes((12, A, 4, 1, 1)) + after(10000) + bytes((12, B, 4, 0, 1)) + after(10000),
    "replayed": THREE + bytes((10, A, 3)) + bytes((10, B, 7)) + service(ROTATE) + after(2000) + bytes((10, A, 9)) * 2
    + after(5000) + FRAMES,
    "held": TWO + (service(ROTATE) + after(1000)) * 8 + FRAMES,
    "detach": TWO + command(A, DETACH) + after(2000) + enter(A) + after(10000) + FRAMES,
}
for field in range(18):
    CLIENT[f"announce {field}"] = TWO + bend(1) + service(ROTATE, 2, field, 1, 1, 1, 0) + after(2000) + FRAMES + after(60000)
    CLIENT[f"announce {field}"] += after(10000) + FRAMES
for field in (0, 4, 6, 8, 11):
    lie = (2, field, 1, 1)
    CLIENT[f"mismatch {field}"] = TWO + bend(1) + service(ROTATE, *lie, 3, *lie, 0) + after(2000) + FRAMES
    CLIENT[f"mismatch {field}"] += (after(10000) + FRAMES) * 8
for field in range(8):
    CLIENT[f"deliver {field}"] = TWO + bend(3) + service(ROTATE, 2, 0, field, 1, 1, 0) + after(3000) + after(5000)

# --- fuzz_database.c: edits of rows, or of bytes ---

COLUMNS = (5, 4, 5, 5, 4, 11, 12, 4, 3, 3, 2)
DELETE, AGAIN, ELSEWHERE, SET = range(4)
NULL, ZERO, ONE, MINUS, LAST, HALF, BLOB16 = (b"\0", b"\1\0", b"\1\1", b"\1\7", b"\1\12", b"\2" + bytes(8), b"\3\0")


def rows(*edits):
    return bytes((0, len(edits))) + b"".join(edits)


def edit(table, column, how, value, row=0, source=0, other=0):
    return bytes((table, source, row, other, column, how)) + value


def text(s):
    return bytes((4, len(s))) + s


DATABASE = {"whole": rows(), "restore": b"\1\0\0", "file": b"\1\1\0", "empty file": b"\1\1\7",
            "no database": b"\1\1\7SQLite format 3\0", "cut": b"\1\1\6\0\0\0\0\x40\0",
            "header": b"\1\1\0\0\0\x12\1\3", "page": b"\1\1\0\0\x20\0\4\xff\xff\xff\xff",
            "restore of a cut one": b"\1\0\6\0\0\0\0\x20\0"}
for table, columns in enumerate(COLUMNS):
    DATABASE[f"table {table} deleted"] = rows(edit(table, 0, DELETE, ZERO))
    DATABASE[f"table {table} again"] = rows(edit(table, 0, AGAIN, ONE), edit(table, 0, AGAIN, text(b"x")),
                                            edit(table, 0, AGAIN, BLOB16))
    for column in range(columns):
        DATABASE[f"table {table} column {column}"] = rows(edit(table, column, SET, ONE if column > 1 else LAST))
DATABASE["other rooms"] = rows(edit(4, 0, SET, text(b"two@muc.example.org")), edit(6, 4, SET, text(b"")))
DATABASE["same participant"] = rows(edit(6, 5, ELSEWHERE, NULL, row=1, source=6))
DATABASE["same jid"] = rows(edit(6, 7, SET, text(b"a@example.org/1"), row=1))
DATABASE["epoch high"] = rows(edit(4, 2, SET, LAST), edit(5, 0, SET, LAST, row=2))
DATABASE["hole in log"] = rows(edit(10, 0, DELETE, ZERO, row=2))
DATABASE["chain"] = rows(edit(5, 0, SET, MINUS), edit(5, 2, SET, b"\1\4", row=1), edit(5, 4, SET, b"\1\4", row=2))

# --- fuzz_jframe2021.c: a way, then what that way reads ---

ANY_FRAME, OUR_FRAME, ANY_SIGNATURE = b"\0", b"\1", b"\2"
TAGS = (4, 10, 10)  # of audio, key and delta frames
# RFC 6979 A.2.7: of "sample", with SHA-256.
KEY = bytes.fromhex("01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633"
                    "155d38ffa16d2bd761dcac474b9a2f5023a400493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f"
                    "746a28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5")
SIGNATURE = bytes.fromhex("01511bb4d675114fe266fc4372b87682baecc01d3cc62cf2303c92b3526012659d16876e25c7c1e57648f23b73564d67"
                          "f61c6f14d527d54972810421e7d87589e1a7004a171143a83163d6df460aaf61522695f207a58b95c0644d87e52aa1a3"
                          "47916e4f7a72930b1bc06dbe22ce3f58264afd23704cbb63b29b931f7de6c9d949a7ecfc")


def trailer(counter, index, signature=b""):
    return counter + signature + bytes((0x80 * bool(signature) | (len(counter) - 1) << 4 | index,))


def ours(kind, counter, where, bit, plain, more=0, index=0):
    script = bytes((kind, more, index)) + counter.to_bytes(8, "big") + where.to_bytes(2, "big") + bytes((bit,))
    return OUR_FRAME + script + plain


JFRAME2021 = {
    "empty": ANY_FRAME, "one byte": ANY_FRAME + b"\xff", "counter zero": ANY_FRAME + bytes(20) + trailer(b"\0", 0),
    "counter long": ANY_FRAME + bytes(20) + trailer(b"\0\1", 0),
    "no room": ANY_FRAME + bytes(60) + trailer(b"\1", 0, b"\1"),
    "seal zero": ours(0, 0, 0, 0, b"plain"), "seal short": ours(1, 1, 0, 0, b"nine byte"),
    "text": ANY_SIGNATURE + SIGNATURE + b"samplf", "bit": ANY_SIGNATURE + SIGNATURE[:-1] + b"\xfd" + b"sample",
    "key": ANY_SIGNATURE + KEY + b"sample", "zeros": ANY_SIGNATURE, "ones": ANY_SIGNATURE + b"\xff" * 140,
}
for kind, tag in enumerate(TAGS):
    JFRAME2021[f"frame {kind}"] = ANY_FRAME + bytes(12) + b"t" * tag + trailer(b"\1\2", 3)
    JFRAME2021[f"signed {kind}"] = ANY_FRAME + bytes(12) + b"t" * tag + trailer(b"\xff" * 8, 15, SIGNATURE)
    JFRAME2021[f"ours {kind}"] = ours(kind, 1 << 40, 20, 3, b"plaintext of more than a block", kind % 2, kind)
    JFRAME2021[f"ours least {kind}"] = ours(kind, 255, 7, 1, bytes((1, 10, 3)[kind]))

folder = pathlib.Path(sys.argv[1])
for target, scripts in (("core", CORE), ("client", CLIENT), ("database", DATABASE), ("jframe2021", JFRAME2021)):
    (folder / target).mkdir(parents=True, exist_ok=True)
    for name, script in scripts.items():
        (folder / target / ("seed-" + name.replace(" ", "-"))).write_bytes(script)
