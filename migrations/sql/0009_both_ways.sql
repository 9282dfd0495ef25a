-- Whose link a row of ours waits for: only that row goes out once somebody is linked.
ALTER TABLE run_sheet_appointments
  ADD COLUMN push_link_id UUID,
  ADD CONSTRAINT fk_run_sheet_appointments_push_link_id
    FOREIGN KEY(push_link_id) REFERENCES patient_links (id);
CREATE INDEX ix_run_sheet_appointments_push_link_id ON run_sheet_appointments (push_link_id)
  WHERE push_link_id IS NOT NULL;

-- Rows that wait for a link from before do not say which: they are looked up anew. Their table's
-- owner keeps to the rows of one account too, but while it is not forced to.
ALTER TABLE run_sheet_appointments NO FORCE ROW LEVEL SECURITY;
UPDATE run_sheet_appointments SET push_state = 'pending', push_reason = NULL
  WHERE push_state = 'needs_patient';
ALTER TABLE run_sheet_appointments FORCE ROW LEVEL SECURITY;
