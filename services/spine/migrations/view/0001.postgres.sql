CREATE TABLE release (
    id          BIGINT PRIMARY KEY,
    release_id  BYTEA NOT NULL UNIQUE,
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
    scope_set   BYTEA NOT NULL,
    -- Sequence on RELEASES of what took its place; 0 where nothing did.
    replaced    BIGINT NOT NULL DEFAULT 0,
    UNIQUE (unit, kind, cursor)
);
CREATE INDEX release_person ON release (unit, kind, person, cursor);
CREATE INDEX release_record ON release (unit, kind, record, cursor);
-- The scopes of a row that are about a person, and by name the set of the others, which most rows share.
CREATE TABLE release_scope (
    row_id BIGINT NOT NULL,
    scope  TEXT NOT NULL,
    PRIMARY KEY (row_id, scope)
);
CREATE TABLE scope_set (
    set_id BYTEA NOT NULL,
    scope  TEXT NOT NULL,
    PRIMARY KEY (set_id, scope)
);
CREATE TABLE release_token (
    token  TEXT NOT NULL,
    row_id BIGINT NOT NULL,
    PRIMARY KEY (token, row_id)
);
-- What rulings say alike, once, by the SHA-256 that they name.
CREATE TABLE terms (
    id   BYTEA PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE standing (
    scope TEXT PRIMARY KEY,
    floor BIGINT NOT NULL
);
