"""A TCP line that can be cut: stands between keyroomd and the server's component port, on loopback.

What is done to it is said per direction, `up` from the client (keyroomd) to the server, `down` back:
  hold()    it takes nothing any more: what is sent waits, and nobody is told. whole() lets it flow again, in order, none lost.
  trickle() it passes a few bytes at a time, with pauses: what the other side reads ends in mid-element.
  reset()   every line is cut hard (RST both ways), and what waits is lost. refuse(): new ones are turned away too.
"""

import socket
import struct
import threading
import time

DIRECTIONS = ("up", "down")
BLOCK = 65536
LOOK_S = 0.02  # how soon a line notices what is done to it


def _close_hard(end):
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


class _Line:
    """One connection, and a thread for each direction. The last of them closes both ends."""

    def __init__(self, cut, client, server):
        self.cut, self.broken = cut, threading.Event()
        self._ends = (client, server)
        for end in self._ends:
            end.settimeout(LOOK_S)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._running = len(DIRECTIONS)
        self._lock = threading.Lock()
        self.threads = [threading.Thread(target=self._pass, args=(name, *ends), daemon=True)
                        for name, ends in (("up", (client, server)), ("down", (server, client)))]
        for thread in self.threads:
            thread.start()

    def _pass(self, direction, source, target):
        try:
            while not self.broken.is_set():
                if direction in self.cut.held:
                    time.sleep(LOOK_S)
                    continue
                try:
                    data = source.recv(BLOCK)
                except TimeoutError:
                    continue
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    break
                self._write(direction, target, data)
        except OSError:
            self.broken.set()
        with self._lock:
            self._running -= 1
            if not self._running:
                for end in self._ends:
                    (_close_hard if self.broken.is_set() else socket.socket.close)(end)

    def _write(self, direction, target, data):
        while data and not self.broken.is_set():
            if direction in self.cut.held:
                time.sleep(LOOK_S)
                continue
            count, pause = self.cut.pace or (len(data), 0)
            try:
                sent = target.send(data[:count])
            except TimeoutError:
                continue
            data = data[sent:]
            self.cut.passed[direction] += sent
            time.sleep(pause)


class Cut:
    """Listens at .port, and connects to `to` for everybody who comes."""

    def __init__(self, to):
        self._to = to
        self._lines = []
        self._refusing = False
        self.held, self.pace = frozenset(), None
        self.accepted = 0
        self.passed = dict.fromkeys(DIRECTIONS, 0)  # bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, *directions):
        self.held = frozenset(directions or DIRECTIONS)

    def trickle(self, count, seconds):
        """`count` bytes, then a pause of so many seconds."""
        self.pace = (count, seconds)

    def whole(self):
        """As it was at first."""
        self.held, self.pace, self._refusing = frozenset(), None, False

    def reset(self):
        lines, self._lines = self._lines, []
        for line in lines:
            line.broken.set()
        for line in lines:
            for thread in line.threads:
                thread.join()

    def refuse(self):
        self._refusing = True
        self.reset()

    def close(self):
        self.refuse()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                if self._refusing:
                    raise ConnectionError
                server = socket.create_connection(("127.0.0.1", self._to), 5)
            except OSError:
                _close_hard(client)
                continue
            self._lines.append(_Line(self, client, server))
