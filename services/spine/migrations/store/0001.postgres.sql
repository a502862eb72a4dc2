-- How far this database has come along each stream; written with the rows it stands for.
CREATE TABLE checkpoint (
    stream   TEXT   NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash     BYTEA  NOT NULL,
    log_time BIGINT NOT NULL
);
