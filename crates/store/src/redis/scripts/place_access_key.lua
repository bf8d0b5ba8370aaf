-- Writes down which resource an access key belongs to, or that it belongs to none any more. KEYS:
-- access keys. ARGV: the key, the resource or nothing.
local refused = unfit()
if refused then
  return refused
end
if ARGV[5] == '' then
  redis.call('HDEL', KEYS[4], ARGV[4])
else
  redis.call('HSET', KEYS[4], ARGV[4], ARGV[5])
end
return { 'done', reign }
