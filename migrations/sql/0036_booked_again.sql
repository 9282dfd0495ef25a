-- What somebody typed for a patient in a visit that is off is looked for beside each visit of a day.
CREATE INDEX ix_run_sheet_appointments_typed ON run_sheet_appointments (pms_connection_id, pms_patient_id)
 WHERE touched IS NOT NULL AND linked_to IS NULL;
