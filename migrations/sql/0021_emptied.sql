-- What the stored rows of a connection were emptied of, so that whatever is left out besides is.
ALTER TABLE pms_connections ADD COLUMN emptied TEXT[] NOT NULL DEFAULT '{}'::text[];
