-- When the appointment a booking made was cancelled: its call may make another.
ALTER TABLE pms_writes ADD COLUMN called_off_at TIMESTAMP WITH TIME ZONE;
DROP INDEX uq_pms_writes_one_booking;
CREATE UNIQUE INDEX uq_pms_writes_one_booking ON pms_writes (account_id, call_id)
  WHERE kind = 'book' AND call_id IS NOT NULL AND state NOT IN ('failed', 'withdrawn')
    AND called_off_at IS NULL;
