-- Whom the practice is to call because they asked for what another call had asked for already: due, or done.
ALTER TABLE tool_calls ADD COLUMN call_back TEXT;
CREATE INDEX ix_tool_calls_call_back ON tool_calls (write_id) WHERE call_back IS NOT NULL;
