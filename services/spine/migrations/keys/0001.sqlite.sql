-- Data keys, wrapped. Rows are only ever appended, and overwritten in place with values of the same size: cells
-- then never move between pages, so that secure_delete leaves no copy of an old one behind.
CREATE TABLE data_key (
    id        INTEGER NOT NULL PRIMARY KEY,
    record    BLOB    NOT NULL,
    category  TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    person    BLOB,
    unit      TEXT    NOT NULL,
    kek       BLOB    NOT NULL,
    wrapped   BLOB    NOT NULL,
    destroyed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX data_key_version ON data_key (record, category, version);
CREATE INDEX data_key_person ON data_key (person);

-- Keys of the hub itself and of each partner.
CREATE TABLE named_key (
    id        INTEGER NOT NULL PRIMARY KEY,
    name      TEXT    NOT NULL UNIQUE,
    kek       BLOB    NOT NULL,
    wrapped   BLOB    NOT NULL,
    destroyed INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The one key-encryption key that new rows are wrapped with. Making keys locks it shared, destroying and
-- rotating lock it alone.
CREATE TABLE kek (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id  BLOB    NOT NULL
) STRICT;

-- Destructions applied: the last key row each could have meant, so that applying it again spares later keys.
CREATE TABLE destruction (
    id    BLOB    NOT NULL PRIMARY KEY,
    bound INTEGER NOT NULL
) STRICT;
