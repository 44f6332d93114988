#!/usr/bin/env python3
"""Prosody is restarted in mid-meeting, twice: in order, and killed. The component is back soon after it, and participants
that reconnect are keyed again, without any help."""

import sys
import time

import common

BACK_S = 30.0  # the longest backoff of the link's reconnect (15 s), and a sanitized start on a slow machine


def restart(m, peers, how):
    downs = {peer.life: peer.count("down") for peer in peers}
    if how == "killed":
        m.prosody.kill()
    up = m.prosody.restart()
    end = time.monotonic() + BACK_S
    while not m.ctl("status")["link_up"]:
        common.expect(time.monotonic() < end, f"the component is not back {BACK_S:.0f} s after Prosody ({m.keyroomd_log})")
        time.sleep(0.02)
    back = time.monotonic() - up
    m.until(lambda: all(peer.count("down") > downs[peer.life] for peer in peers), 60, "all notice that the link is down")
    m.until_heard(peers, 60)
    print(f"Prosody {how}: component back {back:.2f} s after it listens, "
          f"all keyed and heard {time.monotonic() - up:.2f} s after it", flush=True)


def body(m, _args):
    peers = [m.peer(f"p{i}") for i in range(6)]
    m.until_heard(peers, 60)
    for how in ("stopped", "killed"):
        # What they held does not matter once they attach anew.
        before = {peer.current for peer in peers}
        restart(m, peers, how)
        common.expect(not before & {peer.current for peer in peers}, "an epoch from before the restart is still in use")
    m.drain(peers)
    common.judge(m)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("prosody_restart"), body))
