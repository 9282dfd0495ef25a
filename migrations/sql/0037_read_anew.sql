-- Since when the days of a practice must have been read to count as read: its clock was put right then, say.
ALTER TABLE pms_connections ADD COLUMN read_anew_since TIMESTAMP WITH TIME ZONE;
