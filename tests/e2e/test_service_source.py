#!/usr/bin/env python3
"""The service makes the keys of a room itself, with a device of its own that the clients pin. Nobody loses a frame over joins,
leaves and a restart of keyroomd; who does not pin the device, or pins another, has no part in it."""

import os
import signal
import sys

import common
from common import expect
from lab.meeting import ROOM



def pins(device):
    return ("--sources", "service", "--service-device", device)


def told(peer):
    announce = peer.announces[peer.order[-1]]
    return announce.get("source"), announce.get("leader")


def becomes_such_a_room(m):
    """By a reload, in a room that the service is in already."""
    expect(m.ctl("status").get("service_device") is None, "a service that makes no keys has no device")
    with open(m.config, "a", encoding="utf-8") as config:
        config.write("source = service\n")
    mark = m.log_mark()
    m.keyroomd.send_signal(signal.SIGHUP)
    m.until(lambda: m.logged("reload -> done", mark), 60, "the configuration is read again")


def device_of(m):
    device = m.ctl("status")["service_device"]
    expect(device and len(device) == 32, f"keyroomctl tells the service's device: {device}")
    with open(m.keyroomd_log, encoding="utf-8", errors="replace") as lines:
        expect(any(device in line for line in lines), "the log tells it")
    return device


def opens(m, peers):
    """Everybody hears everybody, under the service's keys."""
    m.until_keyed(peers)
    m.until_heard(peers)
    for peer in peers:
        expect(told(peer) == ("service", "keyroom"), f"{peer.life} is keyed by the service: {told(peer)}")
        expect(peer.count("mismatch") == 0, f"{peer.life} sees a mismatch")


def refuses(m, nick, extra, why):
    """It comes into the room, and stays without keys."""
    peer = m.peer(nick, extra=extra)
    m.until(lambda: any(e.get("event") == "refused" and why in str(e.get("why")) for e in peer.events) or
            any(e.get("event") == "mismatch" and why in str(e.get("why")) for e in peer.events), 60,
            f"{nick} refuses ({why})")
    return peer


def leaves(m, peer, rest):
    m.until_heard(rest + [peer])
    goes(m, peer, rest)


def goes(m, peer, rest):
    peer.quit()
    expect(peer.wait_end() == 0, f"{peer.life} ended with status {peer.process.returncode} ({peer.log})")
    m.until_keyed(rest)
    m.until_heard(rest)


def the_room_says_so(m, device, count):
    room = m.ctl("room", ROOM)
    own = [p for p in room["participants"] if p["service"]]
    expect(room["source"] == "service" and room["service_knows_keys"] is True, f"keyroomctl says who knows the keys: {room}")
    expect(room["leader"] == "keyroom" and len(own) == 1 and own[0]["device"] == device, f"and with which device: {own}")
    expect(room["members"] == count + 1, f"{count} members and the service: {room['members']}")


def body(m, _args):
    becomes_such_a_room(m)
    device = device_of(m)
    peers = []
    for nick in ("ann", "bob", "cid", "dot"):
        peers.append(m.peer(nick, extra=pins(device)))
        opens(m, peers)
    the_room_says_so(m, device, 4)
    leaves(m, peers[3], peers[:3])
    before = m.metrics()
    epoch = peers[0].current
    m.ctl("rotate", ROOM)
    m.until(lambda: m.keyed(peers[:3]) and peers[0].current != epoch, 60, "a rotation")
    m.until_heard(peers[:3])
    after = m.metrics()
    sealed = after["keyroom_own_sealed_total"] - before["keyroom_own_sealed_total"]
    expect(sealed == 3, f"one message for each of three: {sealed}")
    expect(after["keyroom_own_olm_seconds_total"] > before["keyroom_own_olm_seconds_total"], "and Olm took its time")

    unasked = refuses(m, "una", (), "below-floor")
    other = refuses(m, "oto", pins("0" * 32), "wrong-leader")
    expect(unasked.attached is None, "who allows no such source does not attach")
    for peer in (unasked, other):
        frames = peer.frames()
        expect(not frames.get("sealed"), f"{peer.nick} sends nothing: {frames}")
    goes(m, other, peers[:3])
    goes(m, unasked, peers[:3])
    opens(m, peers[:3])

    device_before = m.ctl("status")["service_device"]
    m.stop_keyroomd()
    m.start_keyroomd()
    expect(m.ctl("status")["service_device"] == device_before == device, "the device is the same after a restart")
    m.until(lambda: all("recover" in str(p.announces[p.order[-1]].get("reasons", p.announces[p.order[-1]])) for p in peers[:3]),
            60, "a recover epoch follows the restart")
    opens(m, peers[:3])
    eve = m.peer("eve", extra=pins(device))
    peers = peers[:3] + [eve]
    opens(m, peers)
    the_room_says_so(m, device, 4)

    # A device that cannot be opened: it does not start as another one that nobody knows, and says what to do.
    m.drain(peers)
    common.judge(m, least_frames=200)
    common.end(m)
    path = os.path.join(m.folder, "service-device")
    with open(path, "r+b") as sealed:
        byte = sealed.read(1)
        sealed.seek(0)
        sealed.write(bytes([byte[0] ^ 1]))
    mark = m.log_mark()
    m.start_keyroomd(wait=False)
    expect(m.await_keyroomd_end() == 1, "an altered device does not start")
    expect(m.logged("own device -> failed .*to do: ", mark), "and the log says what to do")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("service_source"), body, metrics=True))
