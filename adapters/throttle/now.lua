-- Shared opening of the clock's scripts: the time, and numbers as Redis takes them.
-- Instants and spans are whole microseconds.
local function whole(number)
  return string.format('%.0f', number)
end

-- Redis's own time; in tests, a time that runs from `at` since `since` at `speed`.
local function instant(clock, is_test)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  if not is_test then
    return now
  end
  local steered = redis.call('HMGET', clock, 'at', 'since', 'speed')
  if not steered[1] then
    return now
  end
  return math.floor(tonumber(steered[1]) + (now - tonumber(steered[2])) * tonumber(steered[3]))
end
