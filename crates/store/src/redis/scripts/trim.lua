-- Drops entries from the front that are past their time. ARGV: for how long they are kept, how many
-- are dropped at most. Answers how many were.
local refused = unfit()
if refused then
  return refused
end
local kept_for, limit, at = tonumber(ARGV[4]), tonumber(ARGV[5]), now()
local entries = redis.call('XRANGE', log, '-', '+', 'COUNT', limit)
local dropped, last = 0, nil
for _, entry in ipairs(entries) do
  local fields = entry[2]
  local number, time = tonumber(fields[2]), tonumber(fields[4])
  -- What cannot be understood is not trimmed, and nothing after it.
  if fields[1] ~= 'n' or fields[3] ~= 't' or not number or not time or at < time + kept_for then
    break
  end
  dropped, last = dropped + 1, number
end
if dropped == 0 then
  return { 'done', reign, '0' }
end
local ids = {}
for index = 1, dropped do
  ids[index] = entries[index][1]
end
redis.call('XDEL', log, unpack(ids))
local kept = redis.call('HMGET', meta, 'trimmed', 'missing')
local gaps = last - tonumber(kept[1]) - dropped
redis.call('HSET', meta, 'trimmed', text(last), 'missing', text(tonumber(kept[2]) - gaps))
return { 'done', reign, text(dropped) }
