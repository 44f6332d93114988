#!/usr/bin/env python3
"""What `cmake --install` puts where, used from there: Prosody loads the module from the installed tree, with the snippet that is
shipped for Debian's packages; the installed keyroomd and keyroomctl beside it; stock clients are keyed, and doctor finds nothing."""

import os
import re
import shutil
import subprocess
import sys

import jitsi  # first: it knows where the others are
import common
import stockclient
from common import expect
from lab import prosody

INSTALLED = ("bin/keyroomd", "bin/keyroomctl", "lib/systemd/system/keyroomd.service", "lib/sysusers.d/keyroom.conf",
             "lib/tmpfiles.d/keyroom.conf", "share/man/man5/keyroom.conf.5", "share/man/man8/keyroomctl.8", "share/man/man8/keyroomd.8",
             "share/keyroom/prosody/mod_muc_keyroom.lua", "share/keyroom/prosody/mod_muc_keyroom/ghost.lib.lua")
DOCS = ("jitsi.md", "operations.md", "keyroom.conf.example", "jitsi-debian.cfg.lua", "jitsi-docker.cfg.lua", "jitsi-docker.env")


def readable(path, user):
    for folder, folders, files in os.walk(path):
        for entry in [folder] + [os.path.join(folder, f) for f in folders + files]:
            if user is not None:
                os.chown(entry, user.pw_uid, user.pw_gid)


class Installed(jitsi.JitsiProsody):
    """Knows the module only from the installed tree, and its component only from the snippet."""

    def __init__(self, folder, build, **options):
        super().__init__(folder, **options)
        self._build, self.root = build, None

    def prepare(self):
        super().prepare()
        plugins = os.path.join(self._dir, "plugins")
        os.remove(os.path.join(plugins, "mod_muc_keyroom.lua"))
        shutil.rmtree(os.path.join(plugins, "mod_muc_keyroom"))
        staged = os.path.join(self._dir, "staged")
        subprocess.run([shutil.which("cmake"), "--install", self._build, "--prefix", "/usr"], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DESTDIR=staged))
        self.root = os.path.join(staged, "usr")
        docs = next(os.path.join(self.root, "share/doc", d) for d in os.listdir(os.path.join(self.root, "share/doc")))
        for path in [os.path.join(self.root, p) for p in INSTALLED] + [os.path.join(docs, p) for p in DOCS]:
            expect(os.path.getsize(path) > 0, f"{path} is empty")
        with open(os.path.join(docs, "jitsi-debian.cfg.lua"), encoding="utf-8") as text:
            snippet = text.read()
        for old, new in (("DOMAIN", prosody.DOMAIN), ("CHANGE ME", self.secret), ("5347", str(self.component_port))):
            expect(old in snippet, f"the snippet has no {old}")
            snippet = snippet.replace(old, new)
        os.makedirs(os.path.join(self._dir, "conf.d"))
        with open(os.path.join(self._dir, "conf.d", "keyroom.cfg.lua"), "w", encoding="utf-8") as out:
            out.write(snippet)
        self.reconfigure("")
        readable(self._dir, self._user)

    def _config(self):
        text = super()._config()
        text = re.sub(r"(?m)^(component_ports|component_interfaces|network_default_read_size) = .*\n", "", text)
        text = text[:text.index(f'Component "{prosody.COMPONENT}"')]
        text = text.replace("plugin_paths = { ", f'plugin_paths = {{ "{self._dir}/staged/usr/share/keyroom/prosody", ')
        return text + f'Include "{self._dir}/conf.d/*.cfg.lua"\n'


def body(m, _args):
    m.focus().open(jitsi.ROOM)
    m.joined()
    people = [stockclient.Stock(m.prosody, jitsi.ROOM, nick) for nick in ("aaaaaaaa", "bbbbbbbb")]
    stockclient.start(people)
    stockclient.agree(people)
    expect({p["participant"]: p["dialect"] for p in m.ctl("room", jitsi.ROOM)["participants"]}
           == {"focus": "none", "aaaaaaaa": "stock", "bbbbbbbb": "stock"}, "the service does not see them")
    for p in people:
        p.client.clean_of((prosody.COMPONENT, "~"))
    done = subprocess.run([os.path.join(m.bin, "keyroomctl"), "doctor", "--config", m.config], capture_output=True, text=True, timeout=120,
                          env=m.env)
    expect(done.returncode == 0 and "all is well" in done.stdout, done.stdout)


def meeting(args, **options):
    m = jitsi.JitsiMeeting(args.work, args.bin, **options)
    accounts = m.prosody.accounts
    m.prosody = Installed(m.folder, os.path.dirname(os.path.abspath(args.bin)))
    m.prosody.accounts = accounts
    start = m.prosody.start

    def started():
        start()
        m.bin = os.path.join(m.prosody.root, "bin")
    m.prosody.start = started
    return m


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("install"), body, make=meeting, options={"authorise": "occupants"}))
