-- What is counted across accounts: of writes and of accesses the columns that say when, where and
-- how it ended. No patient, no request and no text is among them.
CREATE POLICY counted ON pms_writes FOR SELECT TO pms_sync_dispatch USING (true);
GRANT SELECT (id, account_id, connection_id, kind, state, call_id, entry_id, created_at, submitted_at, settled_at)
  ON pms_writes TO pms_sync_dispatch;
GRANT SELECT (endpoint, user_id, phi_accessed) ON pms_audit_logs TO pms_sync_dispatch;

-- What waits to go out to a PMS is told by the states of rows, not by what is in them.
CREATE POLICY counted ON run_sheet_appointments FOR SELECT TO pms_sync_dispatch USING (true);
GRANT SELECT (pms_connection_id, run_sheet_clinician_id, push_state, linked_to, removed_at, updated_at)
  ON run_sheet_appointments TO pms_sync_dispatch;

-- A row that a practice is to have yet is that of its clinician's practice.
CREATE POLICY counted ON pms_clinician_mappings FOR SELECT TO pms_sync_dispatch USING (true);
GRANT SELECT (pms_connection_id, run_sheet_clinician_id)
  ON pms_clinician_mappings TO pms_sync_dispatch;

-- One week of one account, as it was told: counts only.
CREATE TABLE sync_summaries (
    account_id TEXT NOT NULL,
    week DATE NOT NULL,
    told JSONB NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_sync_summaries PRIMARY KEY (account_id, week),
    CONSTRAINT fk_sync_summaries_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);
ALTER TABLE sync_summaries ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_summaries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON sync_summaries TO pms_sync_app
  USING (account_id = (SELECT current_setting('app.account', true)))
  WITH CHECK (account_id = (SELECT current_setting('app.account', true)));
CREATE POLICY counted ON sync_summaries FOR SELECT TO pms_sync_dispatch USING (true);
GRANT SELECT, INSERT ON sync_summaries TO pms_sync_app;
GRANT SELECT (account_id, week, made_at) ON sync_summaries TO pms_sync_dispatch;
