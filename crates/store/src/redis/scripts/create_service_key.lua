-- KEYS: service keys, order, operators. ARGV: the id, the record, whether it is an operator's.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
if ARGV[3] == '1' then
  redis.call('SADD', KEYS[3], ARGV[1])
end
return { 'done', reign }
