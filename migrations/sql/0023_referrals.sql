-- The PMS's id of the referral that an appointment is made on; an id, and so it stays plain.
ALTER TABLE run_sheet_appointments ADD COLUMN pms_referral_id TEXT;
