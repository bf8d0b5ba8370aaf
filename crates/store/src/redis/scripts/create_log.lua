-- Makes the record of a partition's log if there is none. ARGV: the log's id, where it begins, whether the
-- store is new, the position of the last entry that was ever trimmed, and then the final revocations that
-- the caller knows, each as kind, space, id. In a new store there is nothing that a lost log could have
-- held, so no generation is opened, and its retention counts from now.
--
-- Entries that are still in the stream stay in the log. Numbers that are missing among them are tolerated:
-- the caller appends again those revocations that it knows.
if not reign then
  return { 'replica', '' }
end
if state[1] then
  return { 'there', reign }
end

local PAGE = 1000

-- Calls a function with each entry that has a number and a time, until it returns something.
local function each_entry(range, from, to, visit)
  while true do
    local page = redis.call(range, log, from, to, 'COUNT', PAGE)
    for _, entry in ipairs(page) do
      local fields = entry[2]
      local number, time = tonumber(fields[2]), tonumber(fields[4])
      if fields[1] == 'n' and fields[3] == 't' and number and time then
        local found = visit({ place = entry[1], number = number, time = time, fields = fields })
        if found then
          return found
        end
      end
    end
    if #page < PAGE then
      return nil
    end
    from = '(' .. page[#page][1]
  end
end

local function itself(entry)
  return entry
end

local first = each_entry('XRANGE', '-', '+', itself)
local last = each_entry('XREVRANGE', '+', '-', itself)
local place, number, time, trimmed, missing = ARGV[5], 0, 0, 0, 0
if last then
  place, number, time, trimmed = last.place, last.number, last.time, first.number - 1
  missing = number - trimmed - redis.call('XLEN', log)
end
local millis, sequence = string.match(place, '^(%d+)-(%d+)$')
local generation, access_keys = '', ''
if ARGV[6] == '1' then
  generation, access_keys = reign, '0'
  redis.call('HSET', meta, 'vouched', text(now()))
end
redis.call(
  'HSET', meta, 'log', ARGV[4], 'generation', generation, 'settled', generation, 'number',
  text(number), 'millis', millis, 'sequence', sequence, 'time', text(time), 'trimmed', text(trimmed),
  'missing', text(missing), 'mended', text(number), 'keys_version', '0', 'access_keys', access_keys,
  'durable', text(number), 'durable_position', place, 'durable_reign', generation,
  'floor', ARGV[7]
)
for _, mark in ipairs(redis.call('SMEMBERS', dead)) do
  record_final(mark)
end
each_entry('XRANGE', '-', '+', function(entry)
  if entry.fields[9] == 'f' and entry.fields[10] == '1' then
    record_final(entry.fields[6] .. ' ' .. entry.fields[8])
  end
end)
for at = 8, #ARGV do
  record_final(ARGV[at])
end
return { 'done', reign }
