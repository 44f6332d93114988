-- Keyroom beside Jitsi's Debian packages: /etc/prosody/conf.avail/keyroom.cfg.lua, linked into conf.d. See docs/jitsi.md for the
-- three lines that the MUC blocks of DOMAIN.cfg.lua need as well.
component_ports = { 5347 }
component_interfaces = { "127.0.0.1" }
network_default_read_size = 65536

Component "keyroom.DOMAIN"
    component_secret = "CHANGE ME" -- the same line as in /etc/keyroom/secret
    component_conflict_resolve = "kick_old"
