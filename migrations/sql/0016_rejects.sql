-- Who clears away sees how old what could not be read is and of which run, and no word of it.
CREATE POLICY all_ages ON pms_rejects TO pms_sync_dispatch USING (true);
GRANT SELECT (id, run_id, created_at), DELETE ON pms_rejects TO pms_sync_dispatch;
CREATE INDEX ix_pms_rejects_created_at ON pms_rejects (created_at);
