-- Addresses of an account's own programs that want to hear that the sheet has changed. Where one was
-- told up to is a number of a transaction; its secret lies with the other secrets.
CREATE TABLE webhook_endpoints (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    url TEXT NOT NULL,
    state TEXT DEFAULT 'active' NOT NULL,
    reason TEXT,
    secret_ref TEXT NOT NULL,
    told_in BIGINT NOT NULL,
    waiting_since TIMESTAMP WITH TIME ZONE,
    failing_since TIMESTAMP WITH TIME ZONE,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id),
    CONSTRAINT fk_webhook_endpoints_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_webhook_endpoints_account_id ON webhook_endpoints (account_id, created_at);

-- What they were told, and how that went: ids, days and a cursor, never a patient.
CREATE TABLE webhook_messages (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    endpoint_id UUID NOT NULL,
    kind TEXT NOT NULL,
    content JSONB DEFAULT '{}'::jsonb NOT NULL,
    state TEXT DEFAULT 'due' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    status INTEGER,
    reason TEXT,
    next_try_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    delivered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_webhook_messages PRIMARY KEY (id),
    CONSTRAINT fk_webhook_messages_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_webhook_messages_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES webhook_endpoints (id)
);
CREATE INDEX ix_webhook_messages_account_id ON webhook_messages (account_id, created_at, id);
CREATE INDEX ix_webhook_messages_due ON webhook_messages (endpoint_id, created_at) WHERE state = 'due';

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['webhook_endpoints', 'webhook_messages'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY own_account ON %I TO pms_sync_app '
      'USING (account_id = (SELECT current_setting(''app.account'', true))) '
      'WITH CHECK (account_id = (SELECT current_setting(''app.account'', true)))', name);
    EXECUTE format('CREATE POLICY all_accounts ON %I TO pms_sync_dispatch USING (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO pms_sync_app', name);
  END LOOP;
END $$;
GRANT SELECT, UPDATE ON webhook_endpoints TO pms_sync_dispatch;
GRANT SELECT, DELETE ON webhook_messages TO pms_sync_dispatch;

-- Whether anything changed is asked across accounts; what it was is not.
GRANT SELECT (account_id, changed_in) ON run_sheet_appointments TO pms_sync_dispatch;
