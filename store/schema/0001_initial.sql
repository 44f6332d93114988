-- What each table is for and how long its rows live: docs/storage.md.

CREATE TABLE device (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    ed25519       BLOB NOT NULL CHECK (length(ed25519) = 32),
    curve25519    BLOB NOT NULL UNIQUE CHECK (length(curve25519) = 32),
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE owner_seen (
    device        BLOB NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    owner         TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms  INTEGER NOT NULL,
    PRIMARY KEY (device, owner)
) STRICT, WITHOUT ROWID;

-- An operator may decide about a device before it is first seen: no reference to device.
CREATE TABLE approval (
    device BLOB NOT NULL CHECK (length(device) = 16),
    scope  TEXT NOT NULL CHECK (scope <> ''),
    by     TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (device, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE revocation (
    device BLOB NOT NULL CHECK (length(device) = 16),
    scope  TEXT NOT NULL CHECK (scope <> ''),
    by     TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (device, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    room       TEXT PRIMARY KEY CHECK (room <> ''),
    instance   BLOB NOT NULL UNIQUE CHECK (length(instance) = 16),
    epoch_high INTEGER NOT NULL CHECK (epoch_high >= 0),
    started_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
    instance     BLOB NOT NULL REFERENCES room (instance) ON DELETE CASCADE,
    epoch        INTEGER NOT NULL CHECK (epoch > 0),
    kind         INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 255),
    source       INTEGER NOT NULL CHECK (source BETWEEN 0 AND 255),
    format       INTEGER NOT NULL CHECK (format BETWEEN 0 AND 255),
    suite        INTEGER NOT NULL CHECK (suite BETWEEN 0 AND 65535),
    policy       BLOB NOT NULL CHECK (length(policy) = 32),
    roster       BLOB NOT NULL CHECK (length(roster) = 32),
    context      BLOB NOT NULL CHECK (length(context) = 32),
    fate         INTEGER NOT NULL CHECK (fate BETWEEN 0 AND 2),
    announced_ms INTEGER NOT NULL,
    PRIMARY KEY (instance, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE attach (
    attach      BLOB PRIMARY KEY CHECK (length(attach) = 16),
    instance    BLOB NOT NULL REFERENCES room (instance) ON DELETE CASCADE,
    device      BLOB NOT NULL REFERENCES device (id),
    nonce       BLOB NOT NULL CHECK (length(nonce) = 16),
    room        TEXT NOT NULL,
    participant TEXT NOT NULL,
    owner       TEXT NOT NULL,
    full_jid    TEXT NOT NULL,
    sig         BLOB NOT NULL CHECK (length(sig) = 64),
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 1),
    settled     INTEGER NOT NULL CHECK (settled BETWEEN 0 AND 1),
    at_ms       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attach_by_instance ON attach (instance);
CREATE INDEX attach_by_device ON attach (device);

-- Claimed oldest first: a rising rowid is the order in which the keys came.
CREATE TABLE one_time_key (
    id     INTEGER PRIMARY KEY,
    attach BLOB NOT NULL REFERENCES attach (attach) ON DELETE CASCADE,
    key    BLOB NOT NULL CHECK (length(key) = 32),
    sig    BLOB NOT NULL CHECK (length(sig) = 64),
    UNIQUE (attach, key)
) STRICT;
CREATE INDEX one_time_key_by_attach ON one_time_key (attach, id);

CREATE TABLE fallback_key (
    attach BLOB PRIMARY KEY REFERENCES attach (attach) ON DELETE CASCADE,
    key    BLOB NOT NULL CHECK (length(key) = 32),
    sig    BLOB NOT NULL CHECK (length(sig) = 64)
) STRICT, WITHOUT ROWID;

-- Not bound to a room's life: a proof needs the opening long after. Erasing a row erases the name behind a commitment.
CREATE TABLE opening (
    instance BLOB NOT NULL CHECK (length(instance) = 16),
    subject  TEXT NOT NULL,
    sealed   BLOB NOT NULL,
    PRIMARY KEY (instance, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_leaf (
    idx   INTEGER PRIMARY KEY CHECK (idx >= 0),
    entry BLOB NOT NULL CHECK (length(entry) BETWEEN 1 AND 4096)
) STRICT;

CREATE TRIGGER log_leaf_no_holes BEFORE INSERT ON log_leaf
WHEN NEW.idx IS NOT (SELECT ifnull(max(idx) + 1, 0) FROM log_leaf)
BEGIN
    SELECT RAISE(ABORT, 'the log has no holes');
END;
CREATE TRIGGER log_leaf_no_update BEFORE UPDATE ON log_leaf
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_leaf_no_delete BEFORE DELETE ON log_leaf
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
END;

-- One sealed constant: tells at start whether the seal key is the one this database was made with.
CREATE TABLE seal_canary (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
) STRICT;
