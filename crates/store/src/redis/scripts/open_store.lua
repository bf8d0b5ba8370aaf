-- Makes the store if there is none, or tells what it is. KEYS: meta. ARGV: the layout, how many
-- partitions, whether it may be made.
local found = redis.call('HMGET', KEYS[1], 'layout', 'partitions')
if not found[1] and ARGV[3] == '0' then
  return { 'none', reign }
end
if not found[1] then
  redis.call('HSET', KEYS[1], 'layout', ARGV[1], 'partitions', ARGV[2])
  return { 'new', reign, ARGV[1], ARGV[2] }
end
return { 'done', reign, found[1], found[2] or '' }
