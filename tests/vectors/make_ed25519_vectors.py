#!/usr/bin/python3
"""Writes ed25519.json: signatures at the edges, where implementations of Ed25519 differ, and whether they are taken.

Usage: make_ed25519_vectors.py          write ed25519.json beside this file
       make_ed25519_vectors.py --check  exit 1 if ed25519.json is not what would be written

The verdicts are those of docs/protocol.md 2.5, which are libsodium's: S below the order, no R and no public key of
small order, and R byte for byte the encoding of S B - k A. The curve is spelled out here, because no library makes
what these need.
"""

import hashlib
import json
import pathlib
import sys

OUT = pathlib.Path(__file__).with_name("ed25519.json")

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)


def times(n, a):
    out = (0, 1)
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


def minus(a):
    return (-a[0] % P, a[1])


def recover(y, odd):
    """The point with that y, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square:
        return None
    return (P - x if x & 1 != odd else x, y)


def encode(a):
    return (a[1] | (a[0] & 1) << 255).to_bytes(32, "little")


def le(n):
    return n.to_bytes(32, "little")


BASE = recover(4 * pow(5, -1, P) % P, 0)


def seeded(label, size=32):
    return hashlib.shake_256(("keyroom ed25519: " + label).encode()).digest(size)


def scalar(label):
    return int.from_bytes(seeded(label, 64), "little") % L


def challenge(r, key, message):
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


def torsion():
    """A point of order 8."""
    n = 0
    while True:
        y = int.from_bytes(seeded("point %d" % n), "little") % P
        point = recover(y, 0)
        if point:
            point = times(L, point)
            if times(4, point) != (0, 1):
                return point
        n += 1


CASES = []


def case(name, key, message, sig, valid):
    CASES.append({"name": name, "public": key.hex(), "message": message.hex(), "sig": sig.hex(), "valid": valid})


def sign(secret, key, message, label):
    r = scalar(label)
    big_r = encode(times(r, BASE))
    return big_r + le((r + challenge(big_r, key, message) * secret) % L)


def flip(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def plain():
    secret = scalar("secret")
    key = encode(times(secret, BASE))
    for size in (0, 1, 200):
        message = seeded("message", size)
        sig = sign(secret, key, message, "r %d" % size)
        case("good, %d bytes" % size, key, message, sig, True)
    case("another message", key, flip(message, 9), sig, False)
    case("another R", key, message, flip(sig, 3), False)
    case("another S", key, message, flip(sig, 259), False)
    case("another key", encode(times(secret + 1, BASE)), message, sig, False)
    s = int.from_bytes(sig[32:], "little")
    case("S + L", key, message, sig[:32] + le(s + L), False)
    case("S + 8 L", key, message, sig[:32] + le(s + 8 * L), False)
    big_r = encode(times(scalar("r of zero"), BASE))
    case("S = 0 and no signature", key, message, big_r + le(0), False)


def small_keys():
    eight = torsion()
    for n in range(8):
        point = times(n, eight)
        spellings = [encode(point)]
        if point[1] < 19:  # y + p has 255 bits too
            spellings.append(le(point[1] + P | (point[0] & 1) << 255))
        if point[0] == 0:  # the sign of 0
            spellings += [flip(s, 255) for s in spellings]
        for spelling in spellings:
            found = False
            for tries in range(200):  # until k A vanishes: then R = S B fits whoever signs
                s = scalar("small %d %d" % (n, tries))
                big_r = encode(times(s, BASE))
                if times(challenge(big_r, spelling, b"small"), point) == (0, 1):
                    found = True
                    break
            assert found
            case("a key of small order %s" % spelling.hex(), spelling, b"small", big_r + le(s), False)


def small_rs():
    secret = scalar("secret")
    key = encode(times(secret, BASE))
    for spelling in (le(1), le(P + 1), flip(le(1), 255), flip(le(P + 1), 255)):
        s = challenge(spelling, key, b"R") * secret % L
        case("R is the identity, %s" % spelling.hex(), key, b"R", spelling + le(s), False)
    eight = torsion()
    mixed = add(times(secret, BASE), eight)
    key = encode(mixed)
    for n in range(1, 8):
        big_r = encode(times(n, eight))
        tries = 0
        while True:  # until S B - k A is that R
            message = b"R %d %d" % (n, tries)
            k = challenge(big_r, key, message)
            if -k % 8 == n:
                break
            tries += 1
        case("R of small order, and it fits: %d" % n, key, message, big_r + le(k * secret % L), False)


def mixed():
    eight = torsion()
    secret = scalar("secret")
    key = encode(add(times(secret, BASE), eight))
    for want in (0, 1, 4):
        tries = 0
        while True:
            r = scalar("mixed %d %d" % (want, tries))
            big_r = encode(times(r, BASE))
            k = challenge(big_r, key, b"mixed")
            if k % 8 == want:
                break
            tries += 1
        # with the cofactor all three would fit
        case("a key with torsion, k = %d mod 8" % want, key, b"mixed", big_r + le((r + k * secret) % L), want == 0)
    tries = 0
    while True:  # R takes the torsion of - k A
        r = scalar("both %d" % tries)
        big_r = encode(add(times(r, BASE), times(3, eight)))
        k = challenge(big_r, key, b"both")
        if -k % 8 == 3:
            break
        tries += 1
    case("a key and an R with torsion that fit", key, b"both", big_r + le((r + k * secret) % L), True)
    key = encode(times(secret, BASE))
    r = scalar("R with torsion")
    big_r = encode(add(times(r, BASE), times(4, eight)))
    k = challenge(big_r, key, b"R")
    case("an R with torsion, a key without", key, b"R", big_r + le((r + k * secret) % L), False)


def malformed():
    secret = scalar("secret")
    key = encode(times(secret, BASE))
    sig = sign(secret, key, b"", "malformed")
    y = next(y for y in range(2, 99) if recover(y, 0) is None)
    case("a key that is no point", le(y), b"", sig, False)
    y = next(y for y in range(2, 19) if recover(y, 0) is not None)
    case("a key with a second spelling", le(y + P), b"", sig, False)
    case("all zero", bytes(32), b"", bytes(64), False)
    case("all ones", b"\xff" * 32, b"", b"\xff" * 64, False)


def main():
    plain()
    small_keys()
    small_rs()
    mixed()
    malformed()
    made = json.dumps({"format": "keyroom ed25519 vectors, version 1", "cases": CASES}, indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if OUT.read_text() == made else "ed25519.json is not what make_ed25519_vectors.py writes")
    if sys.argv[1:]:
        sys.exit(__doc__)
    OUT.write_text(made)


main()
