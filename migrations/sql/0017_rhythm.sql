-- How often a practice is read: whether less while it is quiet (null: as its vendor is), at most so
-- many minutes apart, how many syncs in a row changed nothing, and until when the next may be left.
ALTER TABLE pms_connections
  ADD COLUMN adaptive BOOLEAN,
  ADD COLUMN quiet_minutes INTEGER DEFAULT 120 NOT NULL,
  ADD COLUMN unchanged_runs INTEGER DEFAULT 0 NOT NULL,
  ADD COLUMN rests_until TIMESTAMP WITH TIME ZONE,
  -- When the appointments of that day are, and when those of the last weeks were: times, no people.
  ADD COLUMN booked_on DATE,
  ADD COLUMN booked_from TIMESTAMP WITH TIME ZONE,
  ADD COLUMN booked_until TIMESTAMP WITH TIME ZONE,
  ADD COLUMN shown_hours JSONB DEFAULT '{}'::jsonb NOT NULL,
  ADD COLUMN shown_on DATE;

-- Until when the next might be left, as it stood when this run began: weeks are told by it later.
ALTER TABLE pms_sync_log ADD COLUMN rests_until TIMESTAMP WITH TIME ZONE;
