-- Who makes the keys of an epoch for all, if one device does, and who may.

ALTER TABLE epoch ADD COLUMN leader BLOB NOT NULL DEFAULT x'00000000000000000000000000000000'
    CHECK (length(leader) = 16);

-- An attach of before takes part in the source `participants` alone: bit 0.
ALTER TABLE attach ADD COLUMN sources INTEGER NOT NULL DEFAULT 1 CHECK (sources BETWEEN 0 AND 255);
ALTER TABLE attach ADD COLUMN lead INTEGER NOT NULL DEFAULT 0 CHECK (lead BETWEEN 0 AND 1);
ALTER TABLE attach ADD COLUMN lead_fault INTEGER NOT NULL DEFAULT 0 CHECK (lead_fault BETWEEN 0 AND 3);
