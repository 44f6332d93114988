"""Contexts, secrets, base keys and what is sealed (section 5)."""

import hashlib
import hmac

from .texts import lp, sha256, u16, u64


def hkdf(key, info, length=32):
    prk = hmac.new(b"\0" * 32, key, hashlib.sha256).digest()
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([i]), hashlib.sha256).digest()
        out, i = out + block, i + 1
    return out[:length]


def context(room, instance, epoch, previous, kind, fmt, suite, policy_hash, roster_digest,
            source="participants", leader=b"", log=(b"", b"", b"", b"")):
    """5.2; previous is b"" for the first epoch of an instance."""
    return sha256(lp(b"keyroom:1:epoch"), lp(room.encode()), lp(instance), lp(u64(epoch)), lp(previous),
                  lp(kind.encode()), lp(source.encode()), lp(leader), lp(fmt.encode()), lp(u16(suite)),
                  lp(policy_hash), lp(roster_digest), *(lp(x) for x in log))


def ratchet(secret, ctx):
    return hkdf(secret, lp(b"keyroom:1:ratchet") + lp(ctx))


def base_key(secret, ctx, line):
    return hkdf(secret, lp(b"keyroom:1:base") + lp(ctx) + lp(line))


def tag(ctx, sender_line, recipient_line):
    return sha256(lp(b"keyroom:1:seal"), lp(ctx), lp(sender_line), lp(recipient_line))[:15]
