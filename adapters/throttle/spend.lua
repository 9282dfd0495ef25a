-- Spend from several buckets at once, or take a turn in all of them.
-- KEYS: generation, clock, then log, turns, served and state of each bucket.
-- ARGV: one JSON object, see `RedisThrottle.spend`.
-- Answers {GRANTED, now}, {WAIT, until, bucket}, {LOAD, bucket, now} or {BOOT}.
local WAIT, GRANTED, LOAD, BOOT = 0, 1, 2, 3
local DAY_MS = 86400000

local ask = cjson.decode(ARGV[1])
local now = instant(KEYS[2], ask.test)

-- The generation is the server's own run id: a restart or a failover makes every bucket load anew,
-- even where an older state came back from disk or from a replica.
local generation = redis.call('GET', KEYS[1])
if ask.boot then
  local server = redis.pcall('INFO', 'server')
  generation = type(server) == 'string' and string.match(server, 'run_id:(%w+)') or ask.nonce
  redis.call('SET', KEYS[1], generation)
end
if not generation then
  return {BOOT}
end

local lines = {}
for number, budget in ipairs(ask.budgets) do
  local key = 4 * number - 1
  local kind = ask.voice and '1' or '0'
  lines[number] = {
    log = KEYS[key], turns = KEYS[key + 1], served = KEYS[key + 2], state = KEYS[key + 3],
    limits = budget.limits, share = budget.share, longest = budget.longest,
    slot = kind .. '|' .. ask.slot,
  }
end

-- One process at a time loads a bucket; the rest come back shortly.
for number, line in ipairs(lines) do
  local state = redis.call('HMGET', line.state, 'loaded', 'loading_until')
  if state[1] ~= generation then
    if tonumber(state[2] or 0) > now then
      return {WAIT, now + ask.load_wait, number}
    end
    redis.call('HSET', line.state,
      'loading', ask.nonce, 'loading_until', whole(now + ask.load_limit))
    redis.call('PEXPIRE', line.state, DAY_MS)
    return {LOAD, number, now}
  end
end

-- The turns this caller must leave room for, as {instant, instant, ...}.
-- Without a turn of its own it comes after all; with one, only after those before it.
-- Voice comes before background whatever the order.
local function turns_ahead(line)
  redis.call('ZREMRANGEBYSCORE', line.turns, '-inf', '(' .. whole(now - ask.forget))
  local found = redis.call('ZRANGE', line.turns, 0, -1, 'WITHSCORES')
  local ahead, passed = {}, false
  for index = 1, #found, 2 do
    local turn = tonumber(found[index + 1])
    local voice = string.sub(found[index], 1, 1)
    local first = (voice == '1') or (not ask.voice and not passed)
    if ask.voice and passed then
      first = false
    end
    if found[index] == line.slot then
      passed, line.mine = true, turn
    elseif first and turn >= now - ask.lapse then
      ahead[#ahead + 1] = math.max(turn, now)
    end
  end
  return ahead
end

-- `count` instants of the line from the `first`: grants, then the turns ahead.
local function slice(line, first, count)
  local found = {}
  if first <= line.grants then
    local scores = redis.call('ZRANGE', line.log, first - 1, first + count - 2, 'WITHSCORES')
    for index = 2, #scores, 2 do
      found[#found + 1] = tonumber(scores[index])
    end
  end
  for index = first + #found - line.grants, first + count - 1 - line.grants do
    found[#found + 1] = line.ahead[index]
  end
  return found
end

-- The first instant from `x` on at which no window that holds it would hold more than the limit.
-- `room` + 1 neighbours closer together than the span leave no place between tail - span and head + span.
local function fit(line, limit, x)
  if x < limit.from or x >= limit.to then
    return x
  end
  local room = limit.requests - 1
  local first = redis.call('ZCOUNT', line.log, '-inf', whole(x - limit.span)) + 1
  local count = line.grants + #line.ahead - room - first + 1
  if count < 1 then
    return x
  end
  local heads, tails = slice(line, first, count), slice(line, first + room, count)
  for index = 1, count do
    if tails[index] - limit.span >= x then
      break
    end
    if tails[index] - heads[index] < limit.span then
      x = math.max(x, heads[index] + limit.span)
    end
  end
  return math.min(x, limit.to)
end

local function open_to(requests, share)
  if ask.voice or requests < ask.share_from then
    return requests
  end
  return math.floor(requests * (1 - share) + 1e-9)
end

-- While others wait, a holder's next turn leaves each of them an interval of the fastest steady rate:
-- one with endless demand cannot take what came free for all at once. Alone, nobody is paced.
local function fair_turn(line)
  local served = redis.call('ZSCORE', line.served, ask.holder)
  if ask.voice or not served or #line.ahead == 0 then
    return 0
  end
  local interval = math.huge
  for _, limit in ipairs(line.limits) do
    if limit.from <= now and now < limit.to then
      interval = math.min(interval, math.ceil(limit.span / limit.requests))
    end
  end
  -- Only those count whose own turn comes before: some wait long for another bucket.
  local others, turn = #line.ahead, math.huge
  repeat
    turn = tonumber(served) + (1 + others) * interval
    local before = others
    while others > 0 and line.ahead[others] > turn do
      others = others - 1
    end
  until others == before
  return turn
end

-- What is known of each bucket now; a limit the vendor named tightens the shortest window.
for _, line in ipairs(lines) do
  local state = redis.call('HMGET', line.state, 'pause', 'cap', 'cap_until', 'left', 'left_until')
  line.grants = redis.call('ZCARD', line.log)
  line.ahead = turns_ahead(line)
  line.pause = tonumber(state[1] or 0)
  line.left, line.left_until = tonumber(state[4] or 0), tonumber(state[5] or 0)
  local shortest = math.huge
  for _, limit in ipairs(line.limits) do
    shortest = math.min(shortest, limit.span)
  end
  for _, limit in ipairs(line.limits) do
    if limit.span == shortest and tonumber(state[3] or 0) > now then
      limit.requests = math.min(limit.requests, tonumber(state[2]))
    end
    limit.requests = math.max(open_to(limit.requests, line.share), 1)
  end
end

-- Raise the instant until every bucket agrees to it.
local turn, bucket, settled = now, 1, false
local function raise(x, number)
  if x > turn then
    turn, bucket, settled = x, number, false
  end
end
for number, line in ipairs(lines) do
  raise(line.mine or fair_turn(line), number)
end
while not settled do
  settled = true
  for number, line in ipairs(lines) do
    raise(line.pause, number)
    if line.left < 1 then
      raise(line.left_until, number)
    end
    for _, limit in ipairs(line.limits) do
      raise(fit(line, limit, turn), number)
    end
  end
end

for _, line in ipairs(lines) do
  if turn > now then
    redis.call('ZADD', line.turns, whole(turn), line.slot)
    redis.call('PEXPIRE', line.turns, whole((turn - now) / 1000 + DAY_MS))
  else
    -- Two grants may share a microsecond; their places in it tell them apart.
    local place = redis.call('ZCOUNT', line.log, whole(now), whole(now))
    redis.call('ZADD', line.log, whole(now), whole(now) .. ':' .. (place + 1))
    redis.call('ZREM', line.turns, line.slot)
    if not ask.voice then
      -- Counted from the turn, not from its claim: a few late milliseconds are not lost each time.
      redis.call('ZADD', line.served, whole(math.max(line.mine or now, now - ask.lapse)), ask.holder)
      redis.call('ZREMRANGEBYSCORE', line.served, '-inf', whole(now - line.longest))
      redis.call('PEXPIRE', line.served, whole(line.longest / 1000 + DAY_MS))
    end
    redis.call('ZREMRANGEBYSCORE', line.log, '-inf', whole(now - line.longest))
    redis.call('PEXPIRE', line.log, whole(line.longest / 1000 + DAY_MS))
    redis.call('PEXPIRE', line.state, whole(line.longest / 1000 + DAY_MS))
    if line.left_until > now then
      redis.call('HINCRBY', line.state, 'left', -1)
    end
  end
end

if turn > now then
  return {WAIT, turn, bucket}
end
return {GRANTED, now}
