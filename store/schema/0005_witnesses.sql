-- What witnesses signed of our checkpoints; and when names, evidence and devices came, so that they can go in time.

CREATE TABLE log_cosignature (
    origin  TEXT NOT NULL CHECK (origin <> ''),
    size    INTEGER NOT NULL CHECK (size >= 0),
    witness TEXT NOT NULL CHECK (witness <> ''),
    time_s  INTEGER NOT NULL CHECK (time_s >= 0),
    line    BLOB NOT NULL CHECK (length(line) > 0),
    PRIMARY KEY (origin, size, witness)
) STRICT, WITHOUT ROWID;

-- What is there already counts from now.
ALTER TABLE opening ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0 CHECK (at_ms >= 0);
UPDATE opening SET at_ms = 1000 * CAST(strftime('%s', 'now') AS INTEGER);
CREATE INDEX opening_by_time ON opening (at_ms);
ALTER TABLE log_evidence ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0 CHECK (at_ms >= 0);
UPDATE log_evidence SET at_ms = 1000 * CAST(strftime('%s', 'now') AS INTEGER);
CREATE INDEX device_by_last_seen ON device (last_seen_ms);
