-- Whose request it was: what each connection takes of an allowance that several share. No reference:
-- a row is a receipt, written with every page, and lives for days.
ALTER TABLE vendor_requests ADD COLUMN connection_id UUID;

-- Questions of callers that could not even be kept: too many at once, or more than an account may ask.
CREATE TABLE turned_away (
    account_id TEXT NOT NULL,
    minute TIMESTAMP WITH TIME ZONE NOT NULL,
    tool TEXT NOT NULL,
    calls INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_turned_away PRIMARY KEY (account_id, minute, tool),
    CONSTRAINT fk_turned_away_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

ALTER TABLE turned_away ENABLE ROW LEVEL SECURITY;
ALTER TABLE turned_away FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON turned_away TO pms_sync_app
  USING (account_id = (SELECT current_setting('app.account', true)))
  WITH CHECK (account_id = (SELECT current_setting('app.account', true)));
CREATE POLICY all_accounts ON turned_away TO pms_sync_dispatch USING (true);
GRANT SELECT, INSERT, UPDATE ON turned_away TO pms_sync_app;
GRANT SELECT, DELETE ON turned_away TO pms_sync_dispatch;
