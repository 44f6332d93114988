#!/usr/bin/env python3
"""The forwarder passes everything on, in order, stamped with the connection's name, and plays its history to newcomers."""

import os
import socket
import struct
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Participant:
    def __init__(self, port, name):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.socket.makefile("rb")
        self.say(name, b"")

    def say(self, name, frame):
        body = bytes([len(name)]) + name + b"\0" + frame
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def hear(self):
        (length,) = struct.unpack(">I", self.file.read(4))
        body = self.file.read(length)
        return body[1:1 + body[0]], body[2 + body[0]:]

    def close(self):
        self.file.close()
        self.socket.close()


class Forwarder(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen([sys.executable, "-B", os.path.join(ROOT, "lab", "forwarder.py"), "--history", "3"],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        self.people = []

    def tearDown(self):
        for person in self.people:
            person.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def join(self, name):
        self.people.append(Participant(self.port, name))
        return self.people[-1]

    def test_order_names_history(self):
        a = self.join(b"a")
        for i in range(5):
            a.say(b"liar", b"old %d" % i)
        b = self.join(b"b")
        # The newcomer may come before all five were read: what it hears is the end of the sequence, each once, in order.
        heard = [b.hear()]
        while heard[-1][1] != b"old 4":
            heard.append(b.hear())
        numbers = [int(frame.split()[1]) for _, frame in heard]
        self.assertEqual(numbers, list(range(numbers[0], 5)))
        self.assertEqual({name for name, _ in heard}, {b"a"})
        for i in range(20000):
            a.say(b"a", b"%d" % i)
            if i % 100 == 99:
                self.assertEqual([b.hear() for _ in range(100)], [(b"a", b"%d" % n) for n in range(i - 99, i + 1)])
        c = self.join(b"c")
        self.assertEqual([c.hear()[1] for _ in range(3)], [b"19997", b"19998", b"19999"])

    def test_a_slow_receiver_loses_nothing_and_a_dead_one_holds_nobody(self):
        a, slow, dead = self.join(b"a"), self.join(b"slow"), self.join(b"dead")
        a.say(b"a", b"hello")
        self.assertEqual((slow.hear()[1], dead.hear()[1]), (b"hello", b"hello"))
        frame = bytes(1000)
        for i in range(3000):
            a.say(b"a", struct.pack(">I", i) + frame)
        dead.close()
        self.assertEqual([struct.unpack(">I", slow.hear()[1][:4])[0] for _ in range(3000)], list(range(3000)))

    def test_what_is_no_message_ends_only_its_sender(self):
        a, b, bad = self.join(b"a"), self.join(b"b"), self.join(b"bad")
        bad.say(b"bad", b"x")
        self.assertEqual((a.hear(), b.hear()), ((b"bad", b"x"), (b"bad", b"x")))
        bad.socket.sendall(struct.pack(">I", 1 << 30))
        self.assertEqual(bad.file.read(1), b"")
        a.say(b"a", b"still here")
        self.assertEqual(b.hear(), (b"a", b"still here"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
