-- What a practice manager needs to do alone: checks of a connection, backfills, approvals and undo,
-- rows that stand for the same visit, and the inbox of the vendors' webhooks.

ALTER TABLE pms_connections
  ADD COLUMN version INTEGER DEFAULT 1 NOT NULL,
  ADD COLUMN setup_step TEXT,
  ADD COLUMN sync_days_ahead INTEGER DEFAULT 0 NOT NULL,
  ADD COLUMN full_every_minutes INTEGER DEFAULT 60 NOT NULL,
  ADD COLUMN last_full_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN changes_mark TEXT,
  ADD COLUMN changes_from DATE,
  ADD COLUMN changes_to DATE,
  ADD COLUMN webhook_key_hash BYTEA,
  ADD COLUMN webhook_key_made_at TIMESTAMP WITH TIME ZONE;
CREATE UNIQUE INDEX uq_pms_connections_webhook_key_hash ON pms_connections (webhook_key_hash)
  WHERE webhook_key_hash IS NOT NULL;

ALTER TABLE pms_sync_log
  ADD COLUMN backfill_id UUID,
  ADD COLUMN approved_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN approved_by TEXT,
  ADD COLUMN approved_job_id BIGINT,
  ADD COLUMN undone_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN undone_by TEXT;
CREATE INDEX ix_pms_sync_log_backfill_id ON pms_sync_log (backfill_id) WHERE backfill_id IS NOT NULL;
CREATE INDEX ix_pms_sync_log_days ON pms_sync_log USING gist (daterange(day_from, day_to, '[]'));

ALTER TABLE run_sheet_appointments
  ADD COLUMN linked_to UUID CONSTRAINT fk_run_sheet_appointments_linked_to
    REFERENCES run_sheet_appointments (id),
  ADD COLUMN created_run_id UUID,
  ADD COLUMN undone BOOLEAN DEFAULT false NOT NULL,
  ADD COLUMN undone_fields TEXT[] DEFAULT '{}' NOT NULL,
  ADD COLUMN pms_print BYTEA;
CREATE INDEX ix_run_sheet_appointments_unlinked ON run_sheet_appointments (account_id, appointment_time)
  WHERE source <> 'pms' AND linked_to IS NULL AND removed_at IS NULL;
CREATE INDEX ix_run_sheet_appointments_linked_to ON run_sheet_appointments (linked_to)
  WHERE linked_to IS NOT NULL;
CREATE INDEX ix_run_sheet_appointments_created_run_id ON run_sheet_appointments (created_run_id);
CREATE INDEX ix_run_sheet_history_run_id ON run_sheet_history (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE pms_connection_checks (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    pms_connection_id UUID NOT NULL,
    job_id BIGINT,
    kind TEXT NOT NULL,
    state TEXT DEFAULT 'waiting' NOT NULL,
    message TEXT,
    practice TEXT,
    practitioners INTEGER DEFAULT 0 NOT NULL,
    types INTEGER DEFAULT 0 NOT NULL,
    trial_ref TEXT,
    base_url TEXT,
    token_url TEXT,
    asked_by TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_pms_connection_checks PRIMARY KEY (id),
    CONSTRAINT fk_pms_connection_checks_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_pms_connection_checks_pms_connection_id FOREIGN KEY(pms_connection_id) REFERENCES pms_connections (id)
);
CREATE INDEX ix_pms_connection_checks_connection ON pms_connection_checks (pms_connection_id, asked_at);

CREATE TABLE pms_backfills (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    pms_connection_id UUID NOT NULL,
    day_from DATE NOT NULL,
    day_to DATE NOT NULL,
    chunk_days INTEGER NOT NULL,
    done_to DATE,
    state TEXT DEFAULT 'running' NOT NULL,
    reason TEXT,
    requests INTEGER DEFAULT 0 NOT NULL,
    fetched INTEGER DEFAULT 0 NOT NULL,
    created INTEGER DEFAULT 0 NOT NULL,
    updated INTEGER DEFAULT 0 NOT NULL,
    removed INTEGER DEFAULT 0 NOT NULL,
    rejected INTEGER DEFAULT 0 NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_pms_backfills PRIMARY KEY (id),
    CONSTRAINT fk_pms_backfills_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_pms_backfills_pms_connection_id FOREIGN KEY(pms_connection_id) REFERENCES pms_connections (id)
);
CREATE UNIQUE INDEX uq_pms_backfills_unfinished ON pms_backfills (pms_connection_id)
  WHERE state IN ('running', 'paused');

CREATE TABLE idempotency_keys (
    account_id TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    status INTEGER,
    answer BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (account_id, route, key),
    CONSTRAINT fk_idempotency_keys_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE deliveries (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT,
    connection_id UUID,
    sender TEXT NOT NULL,
    event TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    subject TEXT,
    body BYTEA,
    state TEXT DEFAULT 'stored' NOT NULL,
    note TEXT,
    times INTEGER DEFAULT 1 NOT NULL,
    job_id BIGINT,
    trace_id TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_deliveries PRIMARY KEY (id),
    CONSTRAINT uq_deliveries_sender_dedupe_key UNIQUE (sender, dedupe_key),
    CONSTRAINT fk_deliveries_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_deliveries_connection_id FOREIGN KEY(connection_id) REFERENCES pms_connections (id)
);
CREATE INDEX ix_deliveries_account_id ON deliveries (account_id, received_at);
CREATE INDEX ix_deliveries_connection_id ON deliveries (connection_id, received_at);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'pms_connection_checks', 'pms_backfills', 'idempotency_keys', 'deliveries'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY own_account ON %I TO pms_sync_app '
      'USING (account_id = (SELECT current_setting(''app.account'', true))) '
      'WITH CHECK (account_id = (SELECT current_setting(''app.account'', true)))', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO pms_sync_app', name);
    EXECUTE format(
      'CREATE POLICY all_accounts ON %I TO pms_sync_dispatch USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;

-- Bodies are sealed; what dispatch may do is hand them out and clear them away.
GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries TO pms_sync_dispatch;
GRANT SELECT, DELETE ON idempotency_keys, pms_connection_checks TO pms_sync_dispatch;
GRANT SELECT, UPDATE ON pms_backfills TO pms_sync_dispatch;
