-- The tree of the log, the keys it is signed with, what was signed, and what proves a delivery.

CREATE TABLE log_node (
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 63),
    idx   INTEGER NOT NULL CHECK (idx >= 0),
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- The newest is the one in use. halted: why nothing is signed with it any more; '' for none. closed: another one is
-- to be made at the next start.
CREATE TABLE log_key (
    n          INTEGER PRIMARY KEY,
    origin     TEXT NOT NULL UNIQUE CHECK (origin <> ''),
    vkey       TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    first_size INTEGER NOT NULL CHECK (first_size >= 0),
    at_ms      INTEGER NOT NULL,
    halted     TEXT NOT NULL DEFAULT '',
    closed     INTEGER NOT NULL DEFAULT 0 CHECK (closed BETWEEN 0 AND 1)
) STRICT;

CREATE TABLE log_checkpoint (
    n      INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    size   INTEGER NOT NULL CHECK (size >= 0),
    root   BLOB NOT NULL CHECK (length(root) = 32),
    at_ms  INTEGER NOT NULL,
    note   BLOB NOT NULL,
    UNIQUE (origin, size)
) STRICT;

-- Signatures behind the entry of a commit; the entry has their hash. Erased with the people they are of.
CREATE TABLE log_evidence (
    idx      INTEGER PRIMARY KEY CHECK (idx >= 0),
    instance BLOB NOT NULL CHECK (length(instance) = 16),
    bytes    BLOB NOT NULL
) STRICT;

-- Where the log stood when an epoch was announced; 0: before there was one to name.
ALTER TABLE epoch ADD COLUMN log_size INTEGER NOT NULL DEFAULT 0 CHECK (log_size >= 0);
ALTER TABLE epoch ADD COLUMN log_root BLOB NOT NULL
    DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000' CHECK (length(log_root) = 32);
