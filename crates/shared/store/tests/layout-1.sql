-- The tables as layout 1 made them.
CREATE TABLE item (
    seq        INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE,
    state      INTEGER NOT NULL,
    due_ms     INTEGER NOT NULL,
    arrived_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    attempts   INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    stored     INTEGER NOT NULL,
    place      INTEGER NOT NULL,
    crc        INTEGER NOT NULL,
    label      TEXT    NOT NULL,
    meta       BLOB    NOT NULL,
    record     BLOB
) STRICT;
CREATE INDEX item_due    ON item (due_ms, seq) WHERE state < 2;
CREATE INDEX item_state  ON item (state, seq, stored);
CREATE INDEX item_label  ON item (label, state, seq) WHERE label <> '';
CREATE INDEX item_expiry ON item (expires_ms, seq) WHERE expires_ms IS NOT NULL;
CREATE TABLE inline_body (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE extent (
    seq     INTEGER NOT NULL,
    part    INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    length  INTEGER NOT NULL,
    PRIMARY KEY (seq, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX extent_place ON extent (segment, start, length);
