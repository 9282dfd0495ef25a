-- For which patient a caller's write is, by the PMS's own id: what came of it may be seen on the sheet.
ALTER TABLE pms_writes ADD COLUMN pms_patient_id TEXT;
