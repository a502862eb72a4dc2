-- How far this database has come along each stream; written with the rows it stands for.
CREATE TABLE checkpoint (
    stream   TEXT    NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    log_time INTEGER NOT NULL
) STRICT;
