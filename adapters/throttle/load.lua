-- Rebuild one bucket from stored requests, if this process still is the one to do it.
-- KEYS: generation, clock, log, turns, served, state. ARGV: one JSON object, see `RedisThrottle._load`.
-- Answers 1 when the bucket was rebuilt here, 0 when the work was another's.
local DAY_MS = 86400000
local ask = cjson.decode(ARGV[1])
local now = instant(KEYS[2], ask.test)
local generation = redis.call('GET', KEYS[1])
if not generation or redis.call('HGET', KEYS[6], 'loading') ~= ask.nonce then
  return 0
end

redis.call('DEL', KEYS[3], KEYS[4], KEYS[5])
local count = 0
local function add(at)
  count = count + 1
  redis.call('ZADD', KEYS[3], whole(at), whole(at) .. ':load' .. count)
end
for _, at in ipairs(ask.rows) do
  add(math.min(at, now))
end
for _ = 1, ask.in_flight do
  add(now)
end
redis.call('PEXPIRE', KEYS[3], whole(ask.longest / 1000 + DAY_MS))
redis.call('HSET', KEYS[6], 'loaded', generation)
redis.call('HDEL', KEYS[6], 'loading', 'loading_until')
redis.call('PEXPIRE', KEYS[6], whole(ask.longest / 1000 + DAY_MS))
return 1
