-- Whoever migrates acts as these roles afterwards. Since PostgreSQL 16 to have made a role is to be
-- its member without that right, so it is asked for by name.
DO $$
DECLARE
  name text;
  needed text := CASE WHEN current_setting('server_version_num')::int >= 160000
                      THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  FOREACH name IN ARRAY ARRAY['pms_sync_app', 'pms_sync_dispatch', 'pms_sync_archive'] LOOP
    IF NOT pg_has_role(current_user, name, needed) THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', name);
    END IF;
  END LOOP;
END $$;
