"""Prints what happens in a meeting as aligned lines: when, who, what, why. Colour only on a terminal."""

import os
import sys
import threading
import time

_COLOURS = {"dim": "2", "good": "32", "bad": "31", "note": "33", "head": "1;36", "who": "1"}


class Timeline:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.tty = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._colour = self.tty and "NO_COLOR" not in os.environ
        self._started = time.monotonic()
        self._lock = threading.RLock()
        self._progress = False
        self._seen = set()

    def _paint(self, colour, text):
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._colour and colour else text

    def _print(self, text):
        with self._lock:
            if self._progress and self.tty:
                self.out.write("\r\x1b[K")
            self._progress = False
            self.out.write(text + "\n")
            self.out.flush()

    def line(self, who, what, why="", colour=None):
        when = self._paint("dim", f"{time.monotonic() - self._started:7.2f} s")
        self._print(f"{when}  {self._paint('who', f'{who:<10}')}{self._paint(colour, f'{what:<18}')}{why}")

    def step(self, text):
        self._print("\n" + self._paint("head", f"== {text}"))

    def progress(self, text):
        """A line that the next one replaces, on a terminal."""
        with self._lock:
            if not self.tty:
                if text:
                    self.out.write(f"            building  {text}\n")
            else:
                self._progress = True
                self.out.write(f"\r\x1b[K            building  {text}")
            self.out.flush()

    # --- a meeting's events ---

    def follow(self, meeting):
        meeting.listeners.append(self._event)

    def _once(self, *what):
        if what in self._seen:
            return False
        self._seen.add(what)
        return True

    def _event(self, peer, event):
        told = getattr(self, "_" + event.get("event", "").replace("-", "_"), None)
        if told is not None:
            told(peer, event)

    def _attached(self, peer, event):
        self.line(peer.nick, "attached" if event["state"] == "member" else event["state"], f"device {event['device']}", "good")

    def _announce(self, peer, event):
        if self._once("announce", event["instance"], event["epoch"]):
            self.line("keyroomd", f"epoch {event['epoch']}", f"announced because of {event['reason']}: {event['kind']} keys for "
                      + " ".join(event["roster"]))

    def _commit(self, peer, event):
        if self._once("commit", peer.order[-1] if peer.order else "", event["epoch"]):
            exposure = event.get("exposure_ms")
            why = "everybody has everybody's key, all switch"
            if exposure:
                why += f"; who left could hear for {exposure} ms"
            self.line("keyroomd", f"epoch {event['epoch']}", why, "good")

    def _left(self, peer, _event):
        if not peer.quitting:
            self.line(peer.nick, "left", "the room; still listens to the forwarder")

    def _detached(self, peer, event):
        self.line(peer.nick, "detached", f"reason: {event['reason']}", "note")

    def _down(self, peer, event):
        if not peer.quitting:
            self.line(peer.nick, "link down", str(event.get("why", "")), "bad")

    def _mismatch(self, peer, event):
        self.line(peer.nick, "MISMATCH", f"{event.get('why')} {event.get('who', '')}", "bad")

    def _stop(self, peer, event):
        self.line(peer.nick, "stops sending", str(event.get("why", "")), "bad")

    def _exposed(self, peer, event):
        self.line(peer.nick, "room exposed", "to " + " ".join(event.get("who") or []), "bad")

    def _refused(self, peer, event):
        if event.get("what") != "frame" and not peer.quitting:
            self.line(peer.nick, f"refused {event.get('what')}", str(event.get("why", "")), "note")
