"""The log as others see it: a reader of tiles over HTTP, and a witness (C2SP tlog-witness) that cosigns. Written from
docs/protocol.md 11 alone."""

import base64
import hashlib
import http.client
import http.server
import struct
import threading
import time

import nacl.exceptions
import nacl.signing


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", root_of(leaves[:k]), root_of(leaves[k:]))


def leaf(entry):
    return sha256(b"\0", entry)


def consistent(m, n, proof, first, second):
    """RFC 9162 2.1.4.2."""
    if m == n:
        return not proof and first == second
    proof = ([first] if m & (m - 1) == 0 else []) + proof
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not proof:
        return False
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\1", c, fr), sha256(b"\1", c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\1", sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr, sr) == (first, second)


class Key:
    """A key as verifiers are given it: NAME+ID+BASE64."""

    def __init__(self, name, kind, public):
        self.name, self.kind, self.public = name, kind, public
        self.id = sha256(name.encode(), b"\n", bytes([kind]), public)[:4]

    @classmethod
    def read(cls, text):
        name, _, rest = text.partition("+")
        raw = base64.b64decode(rest.split("+", 1)[1])
        return cls(name, raw[0], raw[1:])

    def __str__(self):
        return "%s+%s+%s" % (self.name, self.id.hex(), base64.b64encode(bytes([self.kind]) + self.public).decode())

    def holds(self, message, signature):
        try:
            nacl.signing.VerifyKey(self.public).verify(message, signature)
            return True
        except nacl.exceptions.BadSignatureError:
            return False


def split_note(note):
    """The text with its last newline, and {(name, id): what is signed with}."""
    at = note.rindex(b"\n\n")
    lines = {}
    for line in note[at + 2:].decode().splitlines():
        dash, name, data = line.split(" ")
        raw = base64.b64decode(data)
        assert dash == "\u2014", line
        lines[name, raw[:4]] = raw[4:]
    return note[:at + 1], lines


def read_text(text):
    origin, size, root = text.decode().splitlines()
    return origin, int(size), base64.b64decode(root)


class Witness:
    """Cosigns what grows from what it has cosigned. `down`: answers 500 to all; `slow`: only after so many
    seconds; `wrong`: these lines in place of its own; `more`: these behind its own."""

    def __init__(self, log_vkey=None, name="witness.example.org"):
        self.secret = nacl.signing.SigningKey.generate()
        self.key = Key(name, 4, bytes(self.secret.verify_key))
        self.log = Key.read(log_vkey) if log_vkey else None
        self.size, self.root, self.down, self.slow, self.wrong, self.more = 0, None, False, 0, None, b""
        witness = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, text = witness.answer(self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/of-the-test" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def line(self):
        return "%s %s" % (self.key, self.url)

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, body):
        head, _, note = body.partition(b"\n\n")
        lines = head.decode().split("\n")
        time.sleep(self.slow)
        if self.down or path != "/of-the-test/add-checkpoint":
            return 500, "text/plain", b"out of order\n"
        text, signatures = split_note(note)
        origin, size, root = read_text(text)
        if not self.log or origin != self.log.name:
            return 404, "text/plain", b"unknown log\n"
        if not self.log.holds(text, signatures.get((origin, self.log.id), b"\0" * 64)):
            return 403, "text/plain", b"not signed by it\n"
        old, proof = int(lines[0][4:]), [base64.b64decode(x) for x in lines[1:]]
        if old > size:
            return 400, "text/plain", b"old is larger\n"
        if old != self.size or (size == self.size and root != self.root):
            return 409, "text/x.tlog.size", b"%d\n" % self.size
        if self.size and not consistent(self.size, size, proof, self.root, root):
            return 422, "text/plain", b"the proof does not hold\n"
        self.size, self.root = size, root
        return 200, "text/plain", self.wrong or self.cosign(text) + self.more

    def cosign(self, text):
        now = int(time.time())
        sig = self.secret.sign(b"cosignature/v1\ntime %d\n" % now + text).signature
        return b"\xe2\x80\x94 %s %s\n" % (self.key.name.encode(), base64.b64encode(self.key.id + struct.pack(">Q", now) + sig))

    def cosigned(self, note):
        """Does the note have our cosignature over its text?"""
        text, signatures = split_note(note)
        raw = signatures.get((self.key.name, self.key.id))
        if raw is None:
            return False
        return self.key.holds(b"cosignature/v1\ntime %d\n" % struct.unpack(">Q", raw[:8]) + text, raw[8:])


class Tiles:
    """Reads a log over HTTP."""

    def __init__(self, port):
        self.port = port

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body, dict(answer.getheaders())

    def tile(self, kind, n, size):
        width = min(256, size - n * 256)
        status, body, _ = self.get("/tile/%s/%03d%s" % (kind, n, "" if width == 256 else ".p/%d" % width))
        assert status == 200, (kind, n, status, body)
        return body

    def entries(self, size):
        found = []
        for n in range((size + 255) // 256):
            body, at = self.tile("entries", n, size), 0
            while at < len(body):
                length = struct.unpack_from(">H", body, at)[0]
                found.append(body[at + 2:at + 2 + length])
                at += 2 + length
        return found

    def hashes(self, level, count):
        body = b"".join(self.tile(level, n, count) for n in range((count + 255) // 256))
        return [body[i:i + 32] for i in range(0, len(body), 32)]
