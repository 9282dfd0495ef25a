-- Runs are kept for good: what is asked of them again and again must not read all of them.
CREATE INDEX ix_pms_sync_log_running ON pms_sync_log (job_id) WHERE status = 'running';
CREATE INDEX ix_pms_sync_log_account_started ON pms_sync_log (account_id, started_at DESC, id DESC);
