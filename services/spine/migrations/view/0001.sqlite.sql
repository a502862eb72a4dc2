CREATE TABLE release (
    id          INTEGER PRIMARY KEY,
    release_id  BLOB NOT NULL,
    unit        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    cursor      INTEGER NOT NULL,
    stream_seq  INTEGER NOT NULL,
    cause       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    event_type  TEXT NOT NULL,
    source      TEXT NOT NULL,
    record      BLOB NOT NULL,
    person      BLOB,
    incident    BLOB,
    valid_until INTEGER,
    ruling      TEXT NOT NULL,
    slices      TEXT NOT NULL,
    -- The scopes of a row that are about a person, a JSON list, and by name the set of the others, which most rows share.
    own_scopes  TEXT NOT NULL,
    scope_set   BLOB NOT NULL,
    -- Sequence on RELEASES of what took its place; 0 where nothing did.
    replaced    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (unit, kind, cursor)
) STRICT;
-- What rows are found by: release, record, person, search tokens. In the order of the rows first, sorted in many at a
-- time, since each key by itself would be a page written.
CREATE TABLE unsorted_key (
    row_id INTEGER NOT NULL,
    key    BLOB NOT NULL,
    PRIMARY KEY (row_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE sorted_key (
    key    BLOB NOT NULL,
    row_id INTEGER NOT NULL,
    PRIMARY KEY (key, row_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE scope_set (
    set_id BLOB NOT NULL,
    scope  TEXT NOT NULL,
    PRIMARY KEY (set_id, scope)
) STRICT, WITHOUT ROWID;
-- What rulings say alike, once, by the SHA-256 that they name.
CREATE TABLE terms (
    id   BLOB PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE standing (
    scope TEXT PRIMARY KEY,
    floor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
