-- Reading of patients that somebody should look at: counts and names of people, no patient.
CREATE TABLE audit_findings (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    rule TEXT NOT NULL,
    person TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    counted INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    state TEXT DEFAULT 'open' NOT NULL,
    note TEXT,
    acknowledged_by TEXT,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_findings PRIMARY KEY (id),
    CONSTRAINT fk_audit_findings_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT uq_audit_findings_account_id_rule_person_since
        UNIQUE (account_id, rule, person, since)
);
CREATE INDEX ix_audit_findings_account_id_state ON audit_findings (account_id, state, created_at);

-- Agreements on patient data: with the account's owner, and with each vendor. Never overwritten.
CREATE TABLE agreements (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    account_id TEXT NOT NULL,
    party TEXT NOT NULL,
    version TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    signed_on DATE NOT NULL,
    ends_on DATE,
    recorded_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_agreements PRIMARY KEY (id),
    CONSTRAINT fk_agreements_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_agreements_account_id_party ON agreements (account_id, party, created_at);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_findings', 'agreements'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY own_account ON %I TO pms_sync_app '
      'USING (account_id = (SELECT current_setting(''app.account'', true))) '
      'WITH CHECK (account_id = (SELECT current_setting(''app.account'', true)))', name);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO pms_sync_app', name);
  END LOOP;
END $$;
GRANT UPDATE ON audit_findings TO pms_sync_app;
CREATE POLICY all_accounts ON audit_findings FOR SELECT TO pms_sync_dispatch USING (true);
CREATE POLICY all_accounts ON agreements FOR SELECT TO pms_sync_dispatch USING (true);
GRANT SELECT ON audit_findings, agreements TO pms_sync_dispatch;

-- The day of the agreement in force stands with the account too.
GRANT UPDATE (baa_accepted_at, baa_accepted_by) ON accounts TO pms_sync_app;

-- Bearer tokens issued before this instant are refused: an account's way to call all of them back.
ALTER TABLE accounts ADD COLUMN tokens_from TIMESTAMP WITH TIME ZONE;
