-- Takes an entry out of the log. ARGV: its place, and its own number, or nothing if it has none.
local refused = unfit()
if refused then
  return refused
end
if redis.call('XDEL', log, ARGV[4]) == 0 then
  return { 'unknown', reign }
end
local kept = redis.call('HMGET', meta, 'trimmed', 'number', 'missing', 'mended')
local number = tonumber(ARGV[5])
if number and number > tonumber(kept[1]) and number <= tonumber(kept[2]) then
  redis.call(
    'HSET', meta, 'missing', text(tonumber(kept[3]) + 1),
    'mended', text(math.max(number, tonumber(kept[4])))
  )
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return { 'done', reign }
