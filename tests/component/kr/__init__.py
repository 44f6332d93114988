"""A second Keyroom client, written from docs/protocol.md alone (paragraph numbers in the comments)."""
