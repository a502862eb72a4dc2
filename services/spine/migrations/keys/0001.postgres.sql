-- Data keys, wrapped. Rows are only ever appended, and overwritten with a mark when destroyed.
CREATE TABLE data_key (
    id        BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record    BYTEA   NOT NULL,
    category  TEXT    NOT NULL,
    version   BIGINT  NOT NULL,
    person    BYTEA,
    unit      TEXT    NOT NULL,
    kek       BYTEA   NOT NULL,
    wrapped   BYTEA   NOT NULL,
    destroyed BIGINT  NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX data_key_version ON data_key (record, category, version);
CREATE INDEX data_key_person ON data_key (person);

-- Keys of the hub itself and of each partner.
CREATE TABLE named_key (
    id        BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      TEXT    NOT NULL UNIQUE,
    kek       BYTEA   NOT NULL,
    wrapped   BYTEA   NOT NULL,
    destroyed BIGINT  NOT NULL DEFAULT 0
);

-- The one key-encryption key that new rows are wrapped with. Making keys locks it shared, destroying and
-- rotating lock it alone.
CREATE TABLE kek (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    id  BYTEA  NOT NULL
);

-- Destructions applied: the last key row each could have meant, so that applying it again spares later keys.
CREATE TABLE destruction (
    id    BYTEA  NOT NULL PRIMARY KEY,
    bound BIGINT NOT NULL
);
