-- What one bucket knows now: {now, pause, cap, left, left_until}, its grants, its turns; changes nothing.
-- KEYS: clock, log, turns, served, state. ARGV: one JSON object with test, voice, lapse and longest.
local ask = cjson.decode(ARGV[1])
local now = instant(KEYS[1], ask.test)
local state = redis.call('HMGET', KEYS[5], 'pause', 'cap', 'cap_until', 'left', 'left_until')
local cap = tonumber(state[3] or 0) > now and tonumber(state[2]) or 0
local facts = {now, tonumber(state[1] or 0), cap, tonumber(state[4] or 0), tonumber(state[5] or 0)}

local grants, turns = {}, {}
local log = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for index = 2, #log, 2 do
  if tonumber(log[index]) > now - ask.longest then
    grants[#grants + 1] = tonumber(log[index])
  end
end
local waiting = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
for index = 1, #waiting, 2 do
  local voice = string.sub(waiting[index], 1, 1)
  local turn = tonumber(waiting[index + 1])
  if turn >= now - ask.lapse and (voice == '1' or not ask.voice) then
    turns[#turns + 1] = math.max(turn, now)
  end
end
return {facts, grants, turns}
