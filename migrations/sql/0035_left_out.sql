-- Rows about to leave the sheet that the PMS still has: the practice's own filters leave them out.
ALTER TABLE pms_removal_candidates ADD COLUMN is_left_out BOOLEAN DEFAULT false NOT NULL;
