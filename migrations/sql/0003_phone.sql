-- The phone: what callers asked, what was written to a PMS for them and what became of it, which
-- spans are held meanwhile, how Sikka practices are authorised, and the texts that follow.

ALTER TABLE pms_connections
  ADD COLUMN booking_rules JSONB DEFAULT '{}'::jsonb NOT NULL;

ALTER TABLE deliveries
  ADD COLUMN call_id TEXT,
  ADD COLUMN answered_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_deliveries_call_id ON deliveries (account_id, call_id) WHERE call_id IS NOT NULL;

CREATE TABLE tool_calls (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    connection_id UUID,
    delivery_id UUID,
    call_id TEXT NOT NULL,
    tool_call_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    arguments BYTEA,
    caller BYTEA,
    state TEXT DEFAULT 'waiting' NOT NULL,
    answer BYTEA,
    answered_by TEXT,
    told TEXT,
    reply_to TEXT,
    job_id BIGINT,
    write_id UUID,
    deadline_at TIMESTAMP WITH TIME ZONE NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE,
    answered_at TIMESTAMP WITH TIME ZONE,
    trace_id TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_tool_calls PRIMARY KEY (id),
    CONSTRAINT uq_tool_calls_account_id_call_id_tool_call_id UNIQUE (account_id, call_id, tool_call_id),
    CONSTRAINT fk_tool_calls_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_tool_calls_connection_id FOREIGN KEY(connection_id) REFERENCES pms_connections (id)
);
CREATE INDEX ix_tool_calls_account_id ON tool_calls (account_id, created_at);
CREATE INDEX ix_tool_calls_connection_id ON tool_calls (connection_id, created_at);

-- What a call has proved so far: which patients it may hear of.
CREATE TABLE phone_calls (
    account_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    caller BYTEA,
    proofs BYTEA,
    attempts INTEGER DEFAULT 0 NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_reason TEXT,
    CONSTRAINT pk_phone_calls PRIMARY KEY (account_id, call_id),
    CONSTRAINT fk_phone_calls_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

CREATE TABLE pms_writes (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    connection_id UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT DEFAULT 'requested' NOT NULL,
    idempotency_key TEXT NOT NULL,
    call_id TEXT,
    request BYTEA NOT NULL,
    confirmation TEXT NOT NULL,
    receipt TEXT,
    pms_id TEXT,
    start_at TIMESTAMP WITH TIME ZONE,
    end_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    told TEXT,
    text_state TEXT DEFAULT 'none' NOT NULL,
    polls INTEGER DEFAULT 0 NOT NULL,
    asked_by TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE,
    settled_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_pms_writes PRIMARY KEY (id),
    CONSTRAINT uq_pms_writes_account_id_idempotency_key UNIQUE (account_id, idempotency_key),
    CONSTRAINT fk_pms_writes_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_pms_writes_connection_id FOREIGN KEY(connection_id) REFERENCES pms_connections (id)
);
CREATE INDEX ix_pms_writes_connection_id ON pms_writes (connection_id, created_at);
CREATE UNIQUE INDEX uq_pms_writes_confirmation ON pms_writes (account_id, confirmation);
-- At most one booking for each call, whatever the caller or the model repeats.
CREATE UNIQUE INDEX uq_pms_writes_one_booking ON pms_writes (account_id, call_id)
  WHERE kind = 'book' AND call_id IS NOT NULL AND state NOT IN ('failed', 'withdrawn');

-- One row for each resource; a hold of a submitted or unknown write has no end (expires_at is null).
CREATE TABLE slot_holds (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    connection_id UUID NOT NULL,
    write_id UUID NOT NULL,
    resource_no BIGINT NOT NULL,
    resource TEXT NOT NULL,
    during TSTZRANGE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_slot_holds PRIMARY KEY (id),
    CONSTRAINT fk_slot_holds_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_slot_holds_connection_id FOREIGN KEY(connection_id) REFERENCES pms_connections (id),
    CONSTRAINT fk_slot_holds_write_id FOREIGN KEY(write_id) REFERENCES pms_writes (id),
    CONSTRAINT ex_slot_holds_overlap EXCLUDE USING gist (
      int8range(resource_no, resource_no, '[]') WITH &&, during WITH &&)
);
CREATE INDEX ix_slot_holds_write_id ON slot_holds (write_id);
CREATE INDEX ix_slot_holds_connection_id ON slot_holds (connection_id);

CREATE TABLE text_messages (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    write_id UUID,
    recipient BYTEA NOT NULL,
    recipient_hash BYTEA NOT NULL,
    body BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT DEFAULT 'due' NOT NULL,
    reason TEXT,
    vendor_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_text_messages PRIMARY KEY (id),
    CONSTRAINT uq_text_messages_write_id_purpose UNIQUE (write_id, purpose),
    CONSTRAINT fk_text_messages_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_text_messages_write_id FOREIGN KEY(write_id) REFERENCES pms_writes (id)
);
CREATE INDEX ix_text_messages_account_id ON text_messages (account_id, created_at);
CREATE UNIQUE INDEX uq_text_messages_vendor_id ON text_messages (vendor_id) WHERE vendor_id IS NOT NULL;

CREATE TABLE text_opt_outs (
    account_id TEXT NOT NULL,
    recipient_hash BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_text_opt_outs PRIMARY KEY (account_id, recipient_hash),
    CONSTRAINT fk_text_opt_outs_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

-- Who began an authorisation: the hash of a one-time state in the redirect, or of a typed code.
CREATE TABLE authorisation_states (
    token_hash BYTEA NOT NULL,
    account_id TEXT NOT NULL,
    vendor TEXT NOT NULL,
    kind TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_authorisation_states PRIMARY KEY (token_hash),
    CONSTRAINT fk_authorisation_states_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

-- An office that authorised us and that nobody has claimed yet; `account_id` once somebody did.
CREATE TABLE pms_authorisations (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT,
    connection_id UUID,
    vendor TEXT NOT NULL,
    office_id TEXT NOT NULL,
    practice_id TEXT DEFAULT '' NOT NULL,
    practice_name TEXT,
    pms_type TEXT,
    state TEXT DEFAULT 'pending' NOT NULL,
    note TEXT,
    times INTEGER DEFAULT 1 NOT NULL,
    job_id BIGINT,
    first_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    settled_by TEXT,
    CONSTRAINT pk_pms_authorisations PRIMARY KEY (id),
    CONSTRAINT fk_pms_authorisations_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT fk_pms_authorisations_connection_id FOREIGN KEY(connection_id) REFERENCES pms_connections (id)
);
CREATE UNIQUE INDEX uq_pms_authorisations_open ON pms_authorisations (vendor, office_id, practice_id)
  WHERE state IN ('pending', 'claimed');
CREATE INDEX ix_pms_authorisations_connection_id ON pms_authorisations (connection_id);
CREATE INDEX ix_pms_authorisations_account_id ON pms_authorisations (account_id, last_seen_at);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'tool_calls', 'phone_calls', 'pms_writes', 'slot_holds', 'text_messages', 'text_opt_outs',
    'authorisation_states', 'pms_authorisations'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY own_account ON %I TO pms_sync_app '
      'USING (account_id = (SELECT current_setting(''app.account'', true))) '
      'WITH CHECK (account_id = (SELECT current_setting(''app.account'', true)))', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO pms_sync_app', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY[
    'authorisation_states', 'pms_authorisations', 'text_messages', 'tool_calls', 'phone_calls'
  ] LOOP
    EXECUTE format(
      'CREATE POLICY all_accounts ON %I TO pms_sync_dispatch USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
REVOKE DELETE ON pms_writes FROM pms_sync_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON authorisation_states, pms_authorisations TO pms_sync_dispatch;
-- A status callback names a message and nothing else.
GRANT SELECT, UPDATE, DELETE ON text_messages TO pms_sync_dispatch;
-- All that is told of callers is sealed; dispatch clears it away.
GRANT SELECT, UPDATE, DELETE ON tool_calls TO pms_sync_dispatch;
GRANT SELECT, DELETE ON phone_calls TO pms_sync_dispatch;
-- Two accounts may have one book: a hold that ran out gives way, whosever it was.
CREATE POLICY may_run_out ON slot_holds TO pms_sync_dispatch USING (expires_at IS NOT NULL);
GRANT SELECT, DELETE ON slot_holds TO pms_sync_dispatch;
