REVOKE SELECT, DELETE ON pms_cached_data FROM pms_sync_dispatch;
DROP POLICY ended ON pms_cached_data;
ALTER TABLE text_opt_outs DROP COLUMN recipient;
ALTER TABLE accounts DROP COLUMN features;
