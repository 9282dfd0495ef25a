-- How many rows of patients each person has read, by hour and by day of UTC: no patient is named.
CREATE TABLE patient_reading (
    account_id TEXT NOT NULL,
    person TEXT NOT NULL,
    span TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    rows INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_patient_reading PRIMARY KEY (account_id, person, span, since),
    CONSTRAINT fk_patient_reading_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

-- Which days of the sheet were among it: one that is read again, as an open page does, counts once.
CREATE TABLE sheet_days_read (
    account_id TEXT NOT NULL,
    person TEXT NOT NULL,
    read_on DATE NOT NULL,
    sheet_day DATE NOT NULL,
    part TEXT NOT NULL,
    rows INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_sheet_days_read PRIMARY KEY (account_id, person, read_on, sheet_day, part),
    CONSTRAINT fk_sheet_days_read_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['patient_reading', 'sheet_days_read'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY own_account ON %I TO pms_sync_app '
      'USING (account_id = (SELECT current_setting(''app.account'', true))) '
      'WITH CHECK (account_id = (SELECT current_setting(''app.account'', true)))', name);
    EXECUTE format('CREATE POLICY all_accounts ON %I TO pms_sync_dispatch USING (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO pms_sync_app', name);
    EXECUTE format('GRANT SELECT, DELETE ON %I TO pms_sync_dispatch', name);
  END LOOP;
END $$;
