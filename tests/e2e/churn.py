"""People who come and go at random. What happens depends on the seed; when it happens, on the machine too."""

import time

PEOPLE = 16       # that come and go; never fewer than MIN of them are there
MIN = 12


class Crowd:
    def __init__(self, meeting, random):
        self.meeting, self.random = meeting, random
        self.names = [f"p{i:02d}" for i in range(PEOPLE)]
        self.here = {}
        self.joins = self.leaves = 0

    def gather(self, seconds=120):
        for name in self.names[:MIN + 1]:
            self._join(name)
        self.meeting.until_keyed(list(self.here.values()), seconds)

    def step(self):
        """Somebody comes, goes, or comes back at once."""
        away = [name for name in self.names if name not in self.here]
        members = [name for name, peer in self.here.items() if peer.current]
        choice = self.random.random()
        if away and (choice < 0.5 or len(self.here) <= MIN):
            self._join(self.random.choice(away))
        elif members and len(self.here) > MIN:
            name = self.random.choice(sorted(members))
            self._leave(name)
            if self.random.random() < 0.25:
                self._join(name)

    def churn(self, seconds, each=None):
        """For that long; `each` is called between the steps."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()
            pause = time.monotonic() + self.random.uniform(0.1, 2.0)
            while time.monotonic() < min(pause, end):
                with self.meeting.changed:
                    self.meeting.check_alive()
                    self.meeting.changed.wait(0.1)
            if each:
                each()

    def _join(self, name):
        self.here[name] = self.meeting.peer(name)
        self.joins += 1

    def _leave(self, name):
        peer = self.here.pop(name)
        self.leaves += 1
        way = self.random.random()
        peer.ended_early = True
        if way < 0.4:
            peer.quit()
        else:
            # It only leaves the room: it goes on listening with the keys it has.
            peer.tell("frames")
            peer.tell("leave")
            if way < 0.5:
                peer.quit()

    def settle(self, seconds=120):
        """The churn is over: all that are here share an epoch, nobody speaks, and all frames have arrived."""
        here = list(self.here.values())
        self.meeting.until_heard(here, seconds)
        listening = [peer for peer in self.meeting.peers if not peer.ended and not peer.quitting]
        self.meeting.drain(listening, 60)
        for peer in self.meeting.peers:
            if peer.quitting:
                peer.wait_end(60)
        return here
