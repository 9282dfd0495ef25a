-- A caller who was put through and reached nobody waits for a call until somebody has called.
ALTER TABLE phone_calls ADD COLUMN call_back UUID;
ALTER TABLE phone_calls ADD COLUMN called_back_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_phone_calls_call_back ON phone_calls (account_id) WHERE call_back IS NOT NULL AND called_back_at IS NULL;
