-- Switches of an account for what is rolled out step by step; whom an opt-out names, sealed, so that
-- its index can be made anew under another key; and answers of a PMS that are kept for minutes.

ALTER TABLE accounts
  ADD COLUMN features JSONB DEFAULT '{}'::jsonb NOT NULL;

ALTER TABLE text_opt_outs
  ADD COLUMN recipient BYTEA;

-- What has ended is cleared away across accounts; its answers are sealed.
CREATE POLICY ended ON pms_cached_data TO pms_sync_dispatch USING (expires_at < now());
GRANT SELECT, DELETE ON pms_cached_data TO pms_sync_dispatch;
