"""The test plays the XMPP server and its MUC service against the real keyroomd."""
