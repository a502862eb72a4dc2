CREATE TABLE tree (
    name TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    -- Messages of ACCESS that nobody entitled published: no leaves.
    foreign_messages BIGINT NOT NULL DEFAULT 0,
    root TEXT NOT NULL,
    internal_root TEXT
);
INSERT INTO tree (name, size, root, internal_root) VALUES
    ('releases', 0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
     'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
    ('accesses', 0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', NULL);

CREATE TABLE accounting (
    leaf_index BIGINT NOT NULL PRIMARY KEY,
    release_id TEXT NOT NULL UNIQUE,
    event_type TEXT NOT NULL,
    source_unit TEXT NOT NULL,
    recipient_unit TEXT NOT NULL,
    recipient_kind TEXT NOT NULL,
    ruled_at BIGINT NOT NULL,
    purposes TEXT NOT NULL,
    basis TEXT NOT NULL,
    agreements TEXT NOT NULL,
    categories TEXT NOT NULL,
    notice_forms TEXT NOT NULL,
    corrects TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    cause BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    event_position BIGINT NOT NULL,
    person TEXT,
    partner TEXT NOT NULL,
    consents TEXT NOT NULL,
    supersedes TEXT NOT NULL,
    ciphertext_hash TEXT NOT NULL,
    ruling TEXT NOT NULL,
    internal TEXT NOT NULL
);
-- What rulings say alike, once, by the SHA-256 that they name.
CREATE TABLE terms (
    id TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE INDEX accounting_person ON accounting (person, leaf_index);
CREATE INDEX accounting_event ON accounting (event_id);
CREATE INDEX accounting_recipient ON accounting (recipient_unit, ruled_at);

CREATE TABLE reading (
    leaf_index BIGINT NOT NULL PRIMARY KEY,
    access_id TEXT NOT NULL,
    partner TEXT NOT NULL,
    recipient_unit TEXT NOT NULL,
    recipient_kind TEXT NOT NULL,
    user_name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    query TEXT NOT NULL,
    releases TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    read_at BIGINT NOT NULL,
    access TEXT NOT NULL
);
CREATE INDEX reading_recipient ON reading (recipient_unit, read_at);
-- Not unique: a gateway that lost an acknowledgement may append the same access twice.
CREATE INDEX reading_access ON reading (access_id);
