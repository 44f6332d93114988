-- What devices say of devices (protocol.md 12.3), and what they took back (12.4).

CREATE TABLE attestation (
    digest      BLOB PRIMARY KEY CHECK (length(digest) = 32),
    text        BLOB NOT NULL CHECK (length(text) BETWEEN 1 AND 16384),
    sig         BLOB NOT NULL CHECK (length(sig) = 64),
    ed25519     BLOB NOT NULL CHECK (length(ed25519) = 32),
    curve25519  BLOB NOT NULL CHECK (length(curve25519) = 32),
    by_owner    TEXT NOT NULL,
    admin_in    TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    revoke_text BLOB NOT NULL CHECK (length(revoke_text) <= 16384),
    revoke_sig  BLOB NOT NULL CHECK (length(revoke_sig) = 64)
) STRICT, WITHOUT ROWID;
