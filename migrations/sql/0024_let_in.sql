-- Bearer tokens of a person that are older count no more: they were shut out meanwhile.
ALTER TABLE users ADD COLUMN tokens_from TIMESTAMP WITH TIME ZONE;
