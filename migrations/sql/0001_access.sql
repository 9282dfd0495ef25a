-- Who may see what. Two roles without login: `pms_sync_app` sees one account's rows, the one named
-- in app.account; `pms_sync_dispatch` sees every account's jobs, connections and people who may sign
-- in, and no patient data.

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['pms_sync_app', 'pms_sync_dispatch'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of the same cluster is being migrated at this moment
      END;
    END IF;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       AND NOT pg_has_role(current_user, name, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', name);
    END IF;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO pms_sync_app, pms_sync_dispatch;

-- Before the policies, which hold for the owner of the tables too.
INSERT INTO accounts (id, name) VALUES ('default', 'Default account');

-- An account's own rows. Unset or empty app.account matches nothing: it fails closed.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'pms_connections', 'pms_clinician_mappings', 'pms_appointment_types', 'pms_sync_log',
    'pms_rejects', 'pms_drift', 'pms_removal_candidates', 'run_sheets', 'run_sheet_clinicians',
    'run_sheet_appointments', 'run_sheet_conflicts', 'run_sheet_history', 'run_sheet_events',
    'pms_audit_logs', 'pms_cached_data', 'jobs'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY own_account ON %I TO pms_sync_app '
      'USING (account_id = (SELECT current_setting(''app.account'', true))) '
      'WITH CHECK (account_id = (SELECT current_setting(''app.account'', true)))', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO pms_sync_app', name);
  END LOOP;
END $$;

-- Of the accounts and of who may sign in an account reads its own; both are written by dispatch.
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON accounts TO pms_sync_app
  USING (id = (SELECT current_setting('app.account', true)));
CREATE POLICY own_account ON users TO pms_sync_app
  USING (account_id = (SELECT current_setting('app.account', true)));

REVOKE UPDATE, DELETE ON pms_audit_logs FROM pms_sync_app;
REVOKE DELETE ON pms_connections, pms_sync_log, jobs FROM pms_sync_app;
GRANT SELECT ON accounts, users TO pms_sync_app;
GRANT SELECT, INSERT ON vendor_requests TO pms_sync_app;

-- What has to be seen across accounts to hand out work and to let people in.
CREATE POLICY all_accounts ON accounts TO pms_sync_dispatch USING (true) WITH CHECK (true);
CREATE POLICY all_users ON users TO pms_sync_dispatch USING (true) WITH CHECK (true);
CREATE POLICY all_jobs ON jobs TO pms_sync_dispatch USING (true) WITH CHECK (true);
CREATE POLICY all_connections ON pms_connections TO pms_sync_dispatch USING (true) WITH CHECK (true);
CREATE POLICY all_runs ON pms_sync_log TO pms_sync_dispatch USING (true) WITH CHECK (true);
CREATE POLICY all_events ON run_sheet_events TO pms_sync_dispatch USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON
  jobs, workers, schedules, vendor_requests, login_links, sessions TO pms_sync_dispatch;
GRANT SELECT, INSERT, UPDATE ON accounts, users TO pms_sync_dispatch;
GRANT SELECT, UPDATE ON pms_connections TO pms_sync_dispatch;
GRANT SELECT, UPDATE ON pms_sync_log TO pms_sync_dispatch;
GRANT SELECT, INSERT, DELETE ON run_sheet_events TO pms_sync_dispatch;

GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO pms_sync_app, pms_sync_dispatch;

-- Audit rows are written once.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit rows are append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pms_audit_logs
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON pms_audit_logs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The shape older queries expect (status, last calls, calls an action in 24 hours).
CREATE VIEW pms_integrations WITH (security_invoker = true) AS
SELECT id, account_id, upper(connector) AS provider, display_name AS provider_name,
       CASE WHEN removed_at IS NOT NULL THEN 'INACTIVE'
            WHEN state = 'NEEDS_SIGN_IN' THEN 'ERROR' ELSE state END AS status,
       last_sync_at, last_sync_error AS last_error, settings AS config, features,
       jsonb_build_object('site', site, 'pms_type', pms_type, 'timezone', timezone) AS metadata,
       created_at, updated_at
FROM pms_connections;
GRANT SELECT ON pms_integrations TO pms_sync_app;
