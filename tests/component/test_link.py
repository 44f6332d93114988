#!/usr/bin/python3
"""The component's link: handshake, failures of the server, limits, READY."""

import os
import socket
import sys
import time

from harness.daemon import JID
from harness.run import main, scenario
from harness.scene import scene
from harness.server import Server
from kr.xml import El


def ping_works(s, what):
    answer = s.ask("somebody@example.org/x", El("ping", "urn:xmpp:ping"), "get")
    s.c.equal(answer.get("type"), "result", what + ": the service answers")


@scenario
def handshake_and_ready(c):
    with scene(c, start=False) as s:
        path = s.daemon.path("notify")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        notify.setblocking(False)
        told = []

        def ready():
            try:
                while True:
                    told.append(notify.recv(4096).decode())
            except BlockingIOError:
                return any("READY=1" in x.split("\n") for x in told)

        s.server.behave = lambda step, server: step == "handshake" and not held.append(1)
        held = []
        s.daemon.start(notify=path)
        s.wait(lambda: held, "handshake")
        c.true(not ready(), "not ready before the handshake is accepted: %r" % told)
        s.server.behave, s.server.up = None, True
        s.server.raw("<handshake/>")
        s.wait(ready, "READY=1")
        s.wait(lambda: s.room.service_nick, "join")
        c.equal((s.room.service_nick, s.server.handshakes), ("keyroom", 0), "joined under the configured nick")
        s.daemon.process.terminate()
        s.wait_end()
        ready()
        c.true(any("STOPPING=1" in x for x in told), "STOPPING=1: %r" % told)
        c.equal(s.daemon.process.returncode, 0, "exit code")
        notify.close()


@scenario
def leaves_rooms_and_closes_the_stream_at_the_end(c):
    with scene(c) as s:
        s.daemon.process.terminate()
        s.wait_end()
        c.equal((s.daemon.process.returncode, s.server.closed_streams), (0, 1), "exit code, streams closed")


@scenario
def wrong_secret(c):
    with scene(c, start=False) as s:
        s.server.secret = "another"
        s.daemon.start()
        s.wait_end()
        c.equal(s.daemon.process.returncode, 1, "exit code" + s.daemon.tail())
        c.true("secret" in s.daemon.text() and "not-authorized" in s.daemon.text(), "says so: " + s.daemon.tail())
        c.equal(s.server.connects, 1, "does not try again")


@scenario
def refused_port_and_a_late_server(c):
    with scene(c, start=False, server=Server(listen=False)) as s:
        s.daemon.start()
        s.server.pump(lambda: "refused" in s.daemon.text().lower() or not s.daemon.running(), 60)
        c.true(s.daemon.running(), "goes on trying")
        s.server.listen()
        s.wait_up(60)
        ping_works(s, "after a late start")


@scenario
def slow_byte_by_byte(c):
    with scene(c) as s:
        iq = "<iq type='get' id='slow' from='a@example.org/x' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>" % JID
        s.server.iq_waiting["slow"] = True
        for i in range(len(iq)):
            s.server.raw(iq[i:i + 1])
            s.server.pump(None, 0.001)
        s.wait(lambda: "slow" in s.server.iqs, "answer")
        c.equal(s.server.iqs["slow"].get("type"), "result", "a slow server is heard")


def comes_back(s, what):
    """A new connection, a new handshake, the room joined again."""
    before = s.server.handshakes
    s.wait(lambda: s.server.handshakes > before and s.server.up, what + ": reconnect", 60)
    s.wait(lambda: s.room.service_nick, what + ": join", 60)
    s.c.true(s.daemon.running(), what)
    ping_works(s, what)


@scenario
def closes_after_the_handshake(c):
    with scene(c) as s:
        s.server.drop()
        comes_back(s, "closed")
        s.server.raw("</stream:stream>")
        s.server.drop()
        comes_back(s, "closed in order")


@scenario
def truncates_a_stanza(c):
    with scene(c) as s:
        s.server.raw("<iq type='get' id='cut' from='a@example.org/x' to='%s'><ping xm" % JID)
        s.server.drop()
        comes_back(s, "cut in a stanza")


@scenario
def garbage(c):
    with scene(c) as s:
        for text in ("<iq><</iq>", "\x01\x02", "<a></b>", b"<message><body>\xff\xfe</body></message>"):
            before = s.server.connects
            s.server.raw(text)
            s.wait(lambda n=before: s.server.connects > n, "reconnect after %r" % text, 20)
            s.wait(lambda: s.server.up and s.room.service_nick, "rejoin", 60)
        ping_works(s, "after garbage")


@scenario
def stream_error_conflict(c):
    with scene(c) as s:
        s.server.stream_error("conflict")
        s.server.pump(lambda: s.server.up or not s.daemon.running(), 60)
        c.true("conflict" in s.daemon.text(), "says conflict: " + s.daemon.tail())
        if s.daemon.running():
            s.wait(lambda: s.room.service_nick, "join")
            ping_works(s, "after a conflict")
        else:
            c.equal(s.daemon.process.returncode, 1, "exit code")


@scenario
def drops_before_the_handshake_is_answered(c):
    with scene(c, start=False) as s:
        s.server.behave = lambda step, server: step == "handshake" and not server.drop()
        s.daemon.start()
        s.wait(lambda: s.server.connects >= 2, "second try", 60)
        c.true(s.daemon.running(), "goes on")
        s.server.behave = None
        s.wait_up(60)


@scenario
def meeting_survives_a_lost_link(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        instance, highest = anna.instance, anna.highest
        s.server.drop()
        comes_back(s, "lost link")
        s.wait(lambda: anna.complete(2, 0), "complete")
        s.daemon.http("POST", "/v1/rotate", {"room": s.room.jid})
        s.complete([anna, bert], above=highest)
        c.equal(anna.instance, instance, "the same instance")
        s.same_keys([anna, bert], "after the loss")


BIG = {
    "deep": "<iq type='set' id='%(id)s' from='a@example.org/x' to='%(to)s'>" + "<a xmlns='urn:keyroom:1'>" * 40 + "</a>" * 40 + "</iq>",
    "wide": "<iq type='set' id='%(id)s' from='a@example.org/x' to='%(to)s'><a xmlns='urn:keyroom:1'>" + "<b/>" * 9000 + "</a></iq>",
    "long": "<iq type='set' id='%(id)s' from='a@example.org/x' to='%(to)s'><envelope xmlns='urn:keyroom:1' room='r@x'>" + "A" * 300000 + "</envelope></iq>",
}


@scenario
def beyond_the_limits(c):
    with scene(c) as s:
        for name, text in BIG.items():
            s.server.iq_waiting[name] = True
            s.server.raw(text % {"id": name, "to": JID})
            s.wait(lambda n=name: n in s.server.iqs, name + ": answer", 60)
            s.refused(s.server.iqs[name], "too-large", name)
            s.server.raw("<message from='a@example.org/x' to='%s'>%s</message>" % (JID, "<a>" * 60 + "</a>" * 60))
            ping_works(s, name)
        c.equal(s.server.connects, 1, "the link stays up")


@scenario
def never_finishes_a_stanza(c):
    """A server that sends a stanza without end must not take all memory."""
    with scene(c) as s:
        s.server.raw("<message from='a@example.org/x' to='%s'><body>" % JID)
        before = s.server.connects
        for _ in range(160):
            s.server.raw("x" * 65536)
            if not s.server.connection:
                break
            s.server.pump(None, 0.001)
        with open("/proc/%d/status" % s.daemon.process.pid, encoding="ascii") as f:
            rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        c.true(rss < 400000, "memory stays bounded: %d kB" % rss)
        s.server.drop()
        s.wait(lambda: s.server.connects > before and s.server.up, "reconnect", 60)


@scenario
def half_open(c):
    """The server says nothing more, not even to pings: the service takes the link for dead and connects anew."""
    with scene(c, start=False, **({"ping_interval": os.environ["KR_PING"]} if "KR_PING" in os.environ else {})) as s:
        held = []
        s.server.behave = lambda step, server: step == "open" and not held.append(time.monotonic())
        s.daemon.start()
        s.wait(lambda: held, "stream header")
        s.wait(lambda: s.server.connects >= 2, "second try at a server that does not answer the stream header", 60)
        s.server.behave = None
        s.wait_up(60)


if __name__ == "__main__":
    sys.exit(main())
