-- Each account's audit rows in one chain: a link per row, in the order they were taken up. A link's
-- hash needs a key that the database does not have, so it cannot be made anew inside it.
CREATE TABLE audit_chain (
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    audit_id BIGINT NOT NULL,
    key_id BYTEA NOT NULL,
    shape INTEGER NOT NULL,
    hash BYTEA NOT NULL,
    chained_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_chain PRIMARY KEY (account_id, seq),
    CONSTRAINT fk_audit_chain_account_id FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT uq_audit_chain_audit_id UNIQUE (audit_id)
);

-- Where a chain ends, and how much of it the anchor has been told; the row is what a chaining holds.
CREATE TABLE audit_heads (
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    newest_at TIMESTAMP WITH TIME ZONE,
    anchored_seq BIGINT DEFAULT 0 NOT NULL,
    moved_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_heads PRIMARY KEY (account_id),
    CONSTRAINT fk_audit_heads_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

-- What was taken out to an archive: the chain goes on from the head it had at the cut.
CREATE TABLE audit_cuts (
    account_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    key_id BYTEA NOT NULL,
    rows BIGINT NOT NULL,
    file TEXT NOT NULL,
    digest BYTEA NOT NULL,
    mark BYTEA NOT NULL,
    cut_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_cuts PRIMARY KEY (account_id, seq),
    CONSTRAINT fk_audit_cuts_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

CREATE INDEX ix_pms_audit_logs_account_patient ON pms_audit_logs (account_id, patient_id)
    WHERE patient_id IS NOT NULL;
CREATE INDEX ix_pms_audit_logs_account_trace ON pms_audit_logs (account_id, trace_id);

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pms_sync_archive') THEN
    BEGIN
      CREATE ROLE pms_sync_archive NOLOGIN NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of the same cluster is being migrated at this moment
    END;
  END IF;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
     AND NOT pg_has_role(current_user, 'pms_sync_archive', 'MEMBER') THEN
    GRANT pms_sync_archive TO CURRENT_USER;
  END IF;
END $$;
GRANT USAGE ON SCHEMA public TO pms_sync_archive;

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_chain', 'audit_heads', 'audit_cuts'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY own_account ON %I TO pms_sync_app '
      'USING (account_id = (SELECT current_setting(''app.account'', true))) '
      'WITH CHECK (account_id = (SELECT current_setting(''app.account'', true)))', name);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO pms_sync_app', name);
  END LOOP;
END $$;
GRANT UPDATE ON audit_heads TO pms_sync_app;
GRANT INSERT ON audit_cuts TO pms_sync_archive;
GRANT SELECT, DELETE ON pms_audit_logs, audit_chain TO pms_sync_archive;
GRANT SELECT ON audit_cuts TO pms_sync_archive;

-- Who has rows that wait for their link is looked up across accounts; what the rows say is not.
CREATE POLICY all_ids ON pms_audit_logs FOR SELECT TO pms_sync_dispatch USING (true);
CREATE POLICY all_links ON audit_chain FOR SELECT TO pms_sync_dispatch USING (true);
CREATE POLICY all_heads ON audit_heads FOR SELECT TO pms_sync_dispatch USING (true);
GRANT SELECT (id, account_id, created_at) ON pms_audit_logs TO pms_sync_dispatch;
GRANT SELECT (account_id, seq, audit_id) ON audit_chain TO pms_sync_dispatch;
GRANT SELECT ON audit_heads TO pms_sync_dispatch;

-- Six years hold inside the database, whatever a command is told: no role but this one may delete,
-- and it sees nothing younger.
CREATE POLICY past_keeping ON pms_audit_logs TO pms_sync_archive
  USING (account_id = (SELECT current_setting('app.account', true))
         AND created_at < now() - interval '6 years');
CREATE POLICY own_account_archived ON audit_chain TO pms_sync_archive
  USING (account_id = (SELECT current_setting('app.account', true)));
CREATE POLICY own_account_cut ON audit_cuts TO pms_sync_archive
  USING (account_id = (SELECT current_setting('app.account', true)))
  WITH CHECK (account_id = (SELECT current_setting('app.account', true)));

-- A row or a link leaves only by way of the archive, behind a cut that names a later place.
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'pms_sync_archive' THEN
    IF TG_TABLE_NAME = 'pms_audit_logs' THEN
      IF OLD.created_at < now() - interval '6 years'
         AND EXISTS (SELECT FROM audit_chain AS link JOIN audit_cuts AS cut USING (account_id)
                     WHERE link.audit_id = OLD.id AND link.seq <= cut.seq) THEN
        RETURN OLD;
      END IF;
    ELSIF TG_TABLE_NAME = 'audit_chain' THEN
      IF EXISTS (SELECT FROM audit_cuts AS cut
                 WHERE cut.account_id = OLD.account_id AND OLD.seq <= cut.seq)
         AND NOT EXISTS (SELECT FROM pms_audit_logs AS kept WHERE kept.id = OLD.audit_id) THEN
        RETURN OLD;
      END IF;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit rows are append-only';
END $$;
DROP TRIGGER append_only ON pms_audit_logs;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pms_audit_logs
  FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER append_only_chain BEFORE UPDATE OR DELETE ON audit_chain
  FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER append_only_cuts BEFORE UPDATE OR DELETE ON audit_cuts
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate_chain BEFORE TRUNCATE ON audit_chain
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate_cuts BEFORE TRUNCATE ON audit_cuts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
