-- What is done where two visits of one clinician overlap; a column of the sheet may have its own.
ALTER TABLE accounts ADD COLUMN overlap_policy TEXT DEFAULT 'warn' NOT NULL;
ALTER TABLE run_sheet_clinicians ADD COLUMN overlap_policy TEXT;
