-- Both ways: what of the sheet goes to a PMS that takes changes, what became of it, and which of
-- its patients a person of ours is.

ALTER TABLE run_sheet_appointments
  ADD COLUMN pms_facility_id TEXT,
  ADD COLUMN pms_version TEXT,
  ADD COLUMN push_state TEXT,
  ADD COLUMN push_reason TEXT,
  ADD COLUMN pushed_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_run_sheet_appointments_push_state ON run_sheet_appointments (pms_connection_id, push_state)
  WHERE push_state IS NOT NULL AND push_state <> 'synced';

-- A person on our sheet, by a keyed hash of who they are, and the PMS's patient they were linked to.
CREATE TABLE patient_links (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    connection_id UUID NOT NULL,
    person_hash BYTEA NOT NULL,
    person BYTEA NOT NULL,
    pms_patient_id TEXT,
    state TEXT DEFAULT 'pending' NOT NULL,
    reason TEXT,
    candidates BYTEA,
    linked_by TEXT,
    synced_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_patient_links PRIMARY KEY (id),
    CONSTRAINT uq_patient_links_connection_id_person_hash UNIQUE (connection_id, person_hash),
    CONSTRAINT fk_patient_links_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_patient_links_connection_id FOREIGN KEY(connection_id) REFERENCES pms_connections (id)
);
CREATE INDEX ix_patient_links_account_id ON patient_links (account_id);

ALTER TABLE pms_writes
  ADD COLUMN entry_id UUID,
  ADD COLUMN patient_link_id UUID,
  ADD CONSTRAINT fk_pms_writes_patient_link_id FOREIGN KEY(patient_link_id) REFERENCES patient_links (id);
CREATE INDEX ix_pms_writes_entry_id ON pms_writes (entry_id, created_at) WHERE entry_id IS NOT NULL;
CREATE INDEX ix_pms_writes_patient_link_id ON pms_writes (patient_link_id) WHERE patient_link_id IS NOT NULL;

-- What has begun goes on before its like begins; asked at every claim, whatever else waits.
CREATE INDEX ix_jobs_begun ON jobs (exclusive_key) WHERE state = 'ready' AND attempts > 0;

ALTER TABLE patient_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_links FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON patient_links TO pms_sync_app
  USING (account_id = (SELECT current_setting('app.account', true)))
  WITH CHECK (account_id = (SELECT current_setting('app.account', true)));
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_links TO pms_sync_app;
