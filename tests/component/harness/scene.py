"""A server, a keyroomd and clients, as most scenarios want them."""

import contextlib
import itertools

from kr.client import Client
from kr.texts import NS, NS_ERRORS
from kr.xml import NS_STANZAS

from .daemon import JID, ROOM, Daemon
from .run import Failure
from .server import Server

KINDS = {  # section 9.2: application condition -> (type, defined condition)
    "malformed": ("modify", "bad-request"), "too-large": ("modify", "policy-violation"), "bad-base64": ("modify", "bad-request"),
    "bad-signature": ("modify", "not-acceptable"), "bad-challenge": ("modify", "not-acceptable"), "not-occupant": ("auth", "forbidden"),
    "wrong-participant": ("auth", "forbidden"), "already-attached": ("cancel", "conflict"), "key-conflict": ("cancel", "conflict"),
    "not-member": ("auth", "forbidden"), "not-in-room": ("cancel", "item-not-found"), "revoked": ("auth", "forbidden"),
    "quota": ("wait", "policy-violation"), "stale-epoch": ("cancel", "gone"), "unknown-epoch": ("cancel", "item-not-found"),
    "wrong-recipients": ("modify", "not-acceptable"), "unexpected": ("cancel", "unexpected-request"),
    "unknown-room": ("cancel", "item-not-found"), "unknown-request": ("cancel", "feature-not-implemented"),
    "not-allowed": ("auth", "not-allowed"), "busy": ("wait", "resource-constraint"), "blind": ("wait", "recipient-unavailable"),
    "too-many-keys": ("modify", "policy-violation"), "wrong-instance": ("cancel", "gone"), "no-device": ("modify", "not-acceptable"),
    "room-full": ("wait", "resource-constraint"), "unknown-device": ("cancel", "item-not-found"),
    "log-halted": ("wait", "service-unavailable"),
}


class Scene:
    def __init__(self, c, start=True, server=None, **options):
        self.c, self.server = c, server or Server()
        self.daemon = Daemon(self.server.port, **options)
        self.room = self.server.room(ROOM)
        self.iq_ids = itertools.count(1)
        if start:
            self.start()

    def start(self, **how):
        self.daemon.start(**how)
        self.wait_up()

    def wait_up(self, timeout=60, joined=True):
        self.wait(lambda: self.server.up, "handshake", timeout)
        if joined:
            self.wait(lambda: self.room.service_nick, "join of the room", timeout)

    def wait(self, until, what, timeout=60.0):
        if not self.server.pump(lambda: until() or not self.daemon.running(), timeout) or not until():
            alive = "" if self.daemon.running() else "; keyroomd has ended with %r" % self.daemon.process.returncode
            raise Failure("no %s within %g s%s%s" % (what, timeout, alive, self.daemon.tail()))

    def client(self, nick, jid=None, join=True, account=None):
        client = Client(self.server, jid or "%s@example.org/phone" % nick, ROOM, nick, JID, account)
        self.server.clients[client.jid] = client
        if join:
            self.room.join(client)
        return client

    def clients(self, *nicks):
        return [self.client(n) for n in nicks]

    def attach(self, *clients, timeout=60.0):
        for client in clients:
            client.attach()
        self.wait(lambda: all(x.state for x in clients), "attached (%s)" % [x.refused for x in clients], timeout)

    def meeting(self, *nicks, timeout=60.0):
        """Clients that are members of one committed epoch and hold each other's secrets."""
        clients = self.clients(*nicks)
        self.attach(*clients)
        self.complete(clients, timeout=timeout)
        return clients

    def complete(self, clients, size=None, above=0, timeout=60.0):
        self.wait(lambda: all(x.complete(size or len(clients), above) for x in clients) and len({x.highest for x in clients}) == 1,
                  "complete epoch of %d (%s)" % (len(clients), self.describe(clients)), timeout)

    @staticmethod
    def describe(clients):
        return [(x.nick, x.highest, x.mismatched, x.detached, x.refused,
                 x.current() and (len(x.current().roster), x.current().committed, x.missing(x.current()))) for x in clients]

    def same_keys(self, clients, what):
        keys = [x.current().base_keys() for x in clients]
        return (self.c.true(all(k == keys[0] for k in keys), what + ": the same base keys")
                and self.c.equal(len(set(keys[0].values())), len(clients), what + ": a key for each sender"))

    # -- requests

    def ask(self, sender, el, kind="set", to=JID, timeout=60.0):
        return self.server.ask(el, sender if isinstance(sender, str) else sender.jid, kind=kind, to=to, timeout=timeout)

    def refused(self, answer, condition, what=None):
        """The answer is the stanza error of section 9 for this application condition."""
        what = what or condition
        error = answer.child("error")
        if not self.c.equal(answer.get("type"), "error", what + ": type of the answer %r" % answer) or error is None:
            return False
        kind, defined = KINDS[condition]
        app = next((x.name for x in error.children if x.ns == NS_ERRORS), None)
        standard = next((x.name for x in error.children if x.ns == NS_STANZAS and x.name != "text"), None)
        text = next((x.text for x in error.children if x.name == "text"), "")
        ok = self.c.equal((app, error.get("type"), standard), (condition, kind, defined), what)
        return self.c.true(text, what + ": a text") and ok

    def challenge(self, client):
        answer = self.ask(client, client.el("challenge"), "get")
        if answer.get("type") != "result":
            raise Failure("no challenge: %r" % answer)
        return answer.child("challenge", NS)

    def settle(self):
        """All that was sent has been handled: the service answers in order."""
        self.server.ask(_ping(), "barrier@example.org/x", timeout=60.0)

    def wait_end(self, timeout=60.0):
        if not self.server.pump(lambda: not self.daemon.running(), timeout):
            raise Failure("keyroomd does not end" + self.daemon.tail())

    def finish(self, exit_code=0):
        code = None
        if self.daemon.running():
            self.daemon.process.terminate()
            self.server.pump(lambda: not self.daemon.running(), 60)
            code = self.daemon.process.poll()
            self.c.true(code == exit_code, "exit code %r, wanted %r %s" % (code, exit_code, self.daemon.tail()))
        self.c.equal(self.server.bad_xml, [], "what the component sent that is no XML")
        self.daemon.finish(self.c, exit_code)
        self.server.close()


def _ping():
    from kr.xml import El
    return El("ping", "urn:xmpp:ping")


@contextlib.contextmanager
def scene(c, **options):
    s = Scene(c, **options)
    try:
        yield s
    except Exception:
        s.c.failed.append("log of keyroomd:" + s.daemon.tail(25))
        raise
    finally:
        s.finish()
