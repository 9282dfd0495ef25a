-- A paused connection was synced only when somebody asked, and is that again once it is resumed.
ALTER TABLE pms_connections ADD COLUMN by_hand BOOLEAN DEFAULT false NOT NULL;
