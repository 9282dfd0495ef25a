-- What is asked again and again of tables that are kept for good, or long. Row-level security lets an
-- index answer only what can tell nothing of others' rows: whether ranges overlap is none of that.
DROP INDEX ix_pms_sync_log_days;
CREATE INDEX ix_pms_sync_log_whole ON pms_sync_log (account_id, day_to, day_from, pms_connection_id, completed_at)
  WHERE status = 'success' AND NOT dry_run AND sync_type <> 'incremental';
CREATE INDEX ix_pms_sync_log_diff ON pms_sync_log (completed_at) WHERE diff IS NOT NULL;
CREATE INDEX ix_run_sheet_conflicts_settled ON run_sheet_conflicts (account_id, settled_at, id) WHERE settled_at IS NOT NULL;
CREATE INDEX ix_pms_writes_untold ON pms_writes (account_id, created_at)
 WHERE told = 'requested' AND text_state NOT IN ('sent', 'delivered', 'by_person') OR shown IS NOT NULL;
CREATE INDEX ix_webhook_messages_delivered ON webhook_messages (endpoint_id, delivered_at) WHERE state = 'delivered';
CREATE INDEX ix_run_sheet_appointments_unlinked_start ON run_sheet_appointments (account_id, pms_start)
 WHERE source <> 'pms' AND linked_to IS NULL AND removed_at IS NULL;
CREATE INDEX ix_deliveries_sender ON deliveries (account_id, sender);
