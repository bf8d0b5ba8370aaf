-- Declares the log to be whole as it is: its gaps are mended, and what is too much belongs there.
local refused = unfit()
if refused then
  return refused
end
local kept = redis.call('HMGET', meta, 'trimmed', 'number', 'missing')
local there = redis.call('XLEN', log)
local absent = tonumber(kept[2]) - tonumber(kept[1]) - there
if absent == tonumber(kept[3]) then
  return { 'unknown', reign }
end
redis.call('HSET', meta, 'missing', text(absent), 'mended', text(tonumber(kept[2])))
redis.call('PUBLISH', ARGV[2], ARGV[3])
return { 'done', reign }
