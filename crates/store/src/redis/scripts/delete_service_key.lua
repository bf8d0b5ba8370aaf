-- Deletes a service key, but never the last operator's. KEYS: service keys, order, operators. ARGV:
-- the id.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return { 'unknown', reign }
end
if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 and redis.call('SCARD', KEYS[3]) <= 1 then
  return { 'last_operator', reign }
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[3], ARGV[1])
return { 'done', reign }
