-- What besides the PMS's records a preview was made with (clinicians, types, settings), as one mark.
ALTER TABLE pms_sync_log ADD COLUMN shape TEXT;
