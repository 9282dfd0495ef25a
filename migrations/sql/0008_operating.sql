-- Whose request it was: what each connection takes of an allowance that several share. No reference:
-- a row is a receipt, written with every page, and lives for days.
ALTER TABLE vendor_requests ADD COLUMN connection_id UUID;
