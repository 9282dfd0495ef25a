-- Heed a pause or a vendor's headers; whatever is known already and stricter stands.
-- KEYS: clock, state. ARGV: one JSON object with any of pause, limit, remaining and reset.
local DAY_MS = 86400000
local ask = cjson.decode(ARGV[1])
local now = instant(KEYS[1], ask.test)
local state = redis.call('HMGET', KEYS[2], 'pause', 'cap', 'cap_until', 'left', 'left_until')
local last = now

if ask.pause then
  last = math.max(now + ask.pause, tonumber(state[1] or 0))
  redis.call('HSET', KEYS[2], 'pause', whole(last))
end

-- A limit holds for a while after it was last seen, so that a plan that grew is found out.
if ask.limit then
  local known = tonumber(state[3] or 0) > now and tonumber(state[2]) or math.huge
  if ask.limit <= known then
    redis.call('HSET', KEYS[2], 'cap', ask.limit, 'cap_until', whole(now + ask.keep))
  end
end

-- Only fewer than we count ourselves is news: an answer may be older than our latest grants.
if ask.remaining and ask.reset then
  local known = tonumber(state[5] or 0) > now and tonumber(state[4]) or math.huge
  if ask.remaining < known then
    last = math.max(last, now + ask.reset)
    redis.call('HSET', KEYS[2], 'left', ask.remaining, 'left_until', whole(now + ask.reset))
  end
end
local ttl = whole((last - now) / 1000 + DAY_MS)
if redis.call('PTTL', KEYS[2]) < tonumber(ttl) then
  redis.call('PEXPIRE', KEYS[2], ttl)
end
return 1
