-- Keyroom beside docker-jitsi-meet: CONFIG/prosody/config/conf.d/keyroom.cfg.lua. See docs/jitsi.md.
Component "keyroom.meet.jitsi"
    component_secret = "CHANGE ME" -- the same line as in /etc/keyroom/secret
    component_conflict_resolve = "kick_old"
