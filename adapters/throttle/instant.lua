-- The clock's own time. KEYS: clock. ARGV: one JSON object with test.
return instant(KEYS[1], cjson.decode(ARGV[1]).test)
