"""The entries of envelopes and delivers (6.4, 7.3) and their splitting."""

import struct

from .texts import Malformed, b64, unb64

PREKEY, NORMAL, WITHHELD = 0, 1, 2
NOT_VERIFIED, NOT_PRESENT, NO_SESSION = 1, 2, 3
PART_MAX = 64 * 1024  # bytes of text


def entry(index, kind, data):
    if kind == WITHHELD:
        data = bytes([data])
    return struct.pack(">HBH", index, kind, len(data)) + data


def unpack(data):
    """-> [(index, type, ciphertext or reason)]; indices must rise."""
    entries, at, last = [], 0, -1
    while at < len(data):
        if len(data) - at < 5:
            raise Malformed("an entry is cut off")
        index, kind, length = struct.unpack_from(">HBH", data, at)
        if index <= last or index > 4095:
            raise Malformed("indices do not rise")
        last, at = index, at + 5
        if kind not in (PREKEY, NORMAL, WITHHELD):
            raise Malformed("an entry has an unknown type")
        if not 1 <= length <= (1 if kind == WITHHELD else 512) or length > len(data) - at:
            raise Malformed("an entry has a wrong length")
        entries.append((index, kind, data[at] if kind == WITHHELD else data[at:at + length]))
        at += length
    return entries


def unpack_text(text):
    return unpack(unb64(text))


def split(entries, room=None):
    """Encoded entries -> texts of at most `room` bytes, cut between entries."""
    parts, current, room = [], b"", room or PART_MAX
    for e in entries:
        if current and (len(current) + len(e)) * 4 / 3 > room - 4:
            parts.append(current)
            current = b""
        current += e
    parts.append(current)
    return [b64(p) for p in parts]
