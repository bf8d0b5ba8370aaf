-- Keeps the operator that the first start ends with, if it still is its turn. KEYS: operators, first
-- turn, service keys, order. ARGV: the id, the record.
if redis.call('SCARD', KEYS[1]) > 0 or redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return { 'lost', reign }
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[4], 0, ARGV[1])
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return { 'done', reign }
