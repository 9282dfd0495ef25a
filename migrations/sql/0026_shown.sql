-- What a PMS has taken on, and shows otherwise than it was asked for: how, and from when on.
ALTER TABLE pms_writes ADD COLUMN shown TEXT;
ALTER TABLE pms_writes ADD COLUMN shown_start_at TIMESTAMPTZ;
