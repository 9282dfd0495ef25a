-- When somebody told that a backup was restored: what was on its way then may have left before.
ALTER TABLE accounts ADD COLUMN restored_at TIMESTAMP WITH TIME ZONE;
