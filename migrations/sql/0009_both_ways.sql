-- Whose link a row of ours waits for: only that row goes out once somebody is linked.
ALTER TABLE run_sheet_appointments
  ADD COLUMN push_link_id UUID,
  ADD CONSTRAINT fk_run_sheet_appointments_push_link_id
    FOREIGN KEY(push_link_id) REFERENCES patient_links (id);
CREATE INDEX ix_run_sheet_appointments_push_link_id ON run_sheet_appointments (push_link_id)
  WHERE push_link_id IS NOT NULL;
-- Rows that wait from before, and those that a worker of before leaves while it still runs, do not
-- say which: the practice's next sync sends them once more, and whoever is linked finds their own.

-- Each range follows its own rows.
CREATE INDEX ix_jobs_push_range ON jobs ((args ->> 'range_id')) WHERE kind = 'push_entry';
