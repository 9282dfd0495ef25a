-- What the clock of a worker's machine lacks to show what the database's does, in seconds; it goes by that one.
ALTER TABLE workers ADD COLUMN clock_behind DOUBLE PRECISION DEFAULT 0 NOT NULL;
