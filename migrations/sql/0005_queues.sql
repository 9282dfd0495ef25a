-- What an operator stopped: the scheduler announces no job of that account in that queue.
CREATE TABLE paused_queues (
    account_id TEXT NOT NULL,
    queue TEXT NOT NULL,
    reason TEXT NOT NULL,
    paused_by TEXT NOT NULL,
    paused_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_paused_queues PRIMARY KEY (account_id, queue),
    CONSTRAINT fk_paused_queues_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

ALTER TABLE paused_queues ENABLE ROW LEVEL SECURITY;
ALTER TABLE paused_queues FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON paused_queues TO pms_sync_app
  USING (account_id = (SELECT current_setting('app.account', true)))
  WITH CHECK (account_id = (SELECT current_setting('app.account', true)));
CREATE POLICY all_accounts ON paused_queues TO pms_sync_dispatch USING (true);
GRANT SELECT, INSERT, DELETE ON paused_queues TO pms_sync_app;
GRANT SELECT ON paused_queues TO pms_sync_dispatch;

-- An account's jobs newest first and how many came within the hour; those that died; all jobs of one
-- cause; and the deliveries that a job settles.
CREATE INDEX ix_jobs_account_id ON jobs (account_id, created_at, id);
CREATE INDEX ix_jobs_dead ON jobs (account_id, finished_at) WHERE state = 'dead';
CREATE INDEX ix_jobs_trace_id ON jobs (trace_id);
CREATE INDEX ix_deliveries_job_id ON deliveries (job_id) WHERE job_id IS NOT NULL;
