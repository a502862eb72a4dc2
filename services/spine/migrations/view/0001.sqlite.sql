CREATE TABLE release (
    id          INTEGER PRIMARY KEY,
    release_id  BLOB NOT NULL UNIQUE,
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
    scope_set   BLOB NOT NULL,
    -- Sequence on RELEASES of what took its place; 0 where nothing did.
    replaced    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (unit, kind, cursor)
) STRICT;
CREATE INDEX release_person ON release (unit, kind, person, cursor);
CREATE INDEX release_record ON release (unit, kind, record, cursor);
-- The scopes of a row that are about a person, and by name the set of the others, which most rows share.
CREATE TABLE release_scope (
    row_id INTEGER NOT NULL,
    scope  TEXT NOT NULL,
    PRIMARY KEY (row_id, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE scope_set (
    set_id BLOB NOT NULL,
    scope  TEXT NOT NULL,
    PRIMARY KEY (set_id, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE release_token (
    token  TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    PRIMARY KEY (token, row_id)
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
