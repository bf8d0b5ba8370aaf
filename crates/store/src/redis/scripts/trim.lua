-- Deletes entries from the front that are past their retention at the vouched time on record. ARGV:
-- the retention, how many are deleted at most, the caller's wall clock, how far that may be from the
-- time here, and the caller's vouched time or nothing. Returns how many were deleted, the vouched time
-- on record or nothing, and the time here.
local refused = unfit()
if refused then
  return refused
end
local kept_for, limit, at = tonumber(ARGV[4]), tonumber(ARGV[5]), now()
-- Nothing is deleted while the clocks disagree: one of them may have been stepped.
if math.abs(at - tonumber(ARGV[6])) > tonumber(ARGV[7]) then
  return { 'done', reign, '0', state[12] or '', text(at) }
end
local offered, vouched = tonumber(ARGV[8]), tonumber(state[12] or '')
if offered then
  offered = math.min(offered, at)
  if not vouched or vouched < offered then
    vouched = offered
    redis.call('HSET', meta, 'vouched', text(vouched))
  end
end
if not vouched then
  return { 'done', reign, '0', '', text(at) }
end
local entries = redis.call('XRANGE', log, '-', '+', 'COUNT', limit)
local dropped, last = 0, nil
for _, entry in ipairs(entries) do
  local fields = entry[2]
  local number, time = tonumber(fields[2]), tonumber(fields[4])
  -- What cannot be understood is not trimmed, and nothing after it.
  if fields[1] ~= 'n' or fields[3] ~= 't' or not number or not time or vouched < time + kept_for then
    break
  end
  dropped, last = dropped + 1, number
end
if dropped == 0 then
  return { 'done', reign, '0', text(vouched), text(at) }
end
local ids = {}
for index = 1, dropped do
  ids[index] = entries[index][1]
end
redis.call('XDEL', log, unpack(ids))
local kept = redis.call('HMGET', meta, 'trimmed', 'missing')
local gaps = last - tonumber(kept[1]) - dropped
redis.call(
  'HSET', meta, 'trimmed', text(last), 'missing', text(tonumber(kept[2]) - gaps)
)
raise_floor(ids[dropped])
return { 'done', reign, text(dropped), text(vouched), text(at) }
