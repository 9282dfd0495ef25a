-- The print of what a tool was asked, so that one id with other arguments is another request.
ALTER TABLE tool_calls ADD COLUMN arguments_print BYTEA;
