-- The print of the record a row was made of, as it was sent: what comes again is not read again.
ALTER TABLE run_sheet_appointments ADD COLUMN pms_origin BYTEA;
