-- From where a tool call was asked for over the API, and with what, for the audit row of its answer.
ALTER TABLE tool_calls ADD COLUMN asked_from INET;
ALTER TABLE tool_calls ADD COLUMN asked_with TEXT;
