CREATE TABLE release (
    release_id  BYTEA PRIMARY KEY,
    unit        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    cursor      BIGINT NOT NULL,
    stream_seq  BIGINT NOT NULL,
    cause       BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    event_type  TEXT NOT NULL,
    source      TEXT NOT NULL,
    record      BYTEA NOT NULL,
    person      BYTEA,
    incident    BYTEA,
    valid_until BIGINT,
    ruling      TEXT NOT NULL,
    slices      TEXT NOT NULL,
    replaced    BIGINT NOT NULL DEFAULT 0,
    UNIQUE (unit, kind, cursor)
);
CREATE INDEX release_person ON release (unit, kind, person, cursor);
CREATE INDEX release_record ON release (unit, kind, record, cursor);
CREATE TABLE release_scope (
    release_id BYTEA NOT NULL REFERENCES release (release_id),
    scope      TEXT NOT NULL,
    PRIMARY KEY (release_id, scope)
);
CREATE TABLE release_token (
    token      TEXT NOT NULL,
    release_id BYTEA NOT NULL REFERENCES release (release_id),
    PRIMARY KEY (token, release_id)
);
CREATE TABLE standing (
    scope TEXT PRIMARY KEY,
    floor BIGINT NOT NULL
);
