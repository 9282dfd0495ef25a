-- In which transaction a row of the sheet last changed for its readers: what a follower has not been
-- told is asked for in that order, and only of transactions that all before are over with.
ALTER TABLE run_sheet_appointments
  ADD COLUMN changed_in BIGINT DEFAULT CAST(CAST(pg_current_xact_id() AS text) AS bigint) NOT NULL;
CREATE INDEX ix_run_sheet_appointments_changed ON run_sheet_appointments (account_id, changed_in, id);

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_in := CAST(CAST(pg_current_xact_id() AS text) AS bigint);
  RETURN NEW;
END $$;
-- Prints and receipts are no change that anybody sees.
CREATE TRIGGER noted_change BEFORE UPDATE ON run_sheet_appointments FOR EACH ROW
  WHEN ((OLD.version, OLD.touched, OLD.removed_at, OLD.linked_to)
        IS DISTINCT FROM (NEW.version, NEW.touched, NEW.removed_at, NEW.linked_to))
  EXECUTE FUNCTION note_change();
