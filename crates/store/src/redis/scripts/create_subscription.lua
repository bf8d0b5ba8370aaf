-- KEYS: subscriptions, order. ARGV: the id, the record.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return { 'done', reign }
