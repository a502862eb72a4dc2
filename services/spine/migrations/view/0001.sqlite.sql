CREATE TABLE release (
    release_id  BLOB PRIMARY KEY,
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
    replaced    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (unit, kind, cursor)
) STRICT;
CREATE INDEX release_person ON release (unit, kind, person, cursor);
CREATE INDEX release_record ON release (unit, kind, record, cursor);
CREATE TABLE release_scope (
    release_id BLOB NOT NULL REFERENCES release (release_id),
    scope      TEXT NOT NULL,
    PRIMARY KEY (release_id, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE release_token (
    token      TEXT NOT NULL,
    release_id BLOB NOT NULL REFERENCES release (release_id),
    PRIMARY KEY (token, release_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE standing (
    scope TEXT PRIMARY KEY,
    floor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
