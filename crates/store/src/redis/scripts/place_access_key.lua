-- Writes down which resource an access key belongs to, or that it belongs to none any more. KEYS:
-- access keys. ARGV: the key, the resource or nothing.
local refused = unfit()
if refused then
  return refused
end
local change
if ARGV[5] == '' then
  change = -redis.call('HDEL', KEYS[4], ARGV[4])
else
  change = redis.call('HSET', KEYS[4], ARGV[4], ARGV[5])
end
-- The number of keys shows whether the index was lost. It is not known in a log that was made again.
if tonumber(redis.call('HGET', meta, 'access_keys') or '') then
  redis.call('HINCRBY', meta, 'access_keys', change)
end
return { 'done', reign }
