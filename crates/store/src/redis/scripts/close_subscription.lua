-- Hides a subscription, so that nothing is made in it any more. KEYS: subscriptions, order, closing.
-- ARGV: the id.
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('SADD', KEYS[3], ARGV[1])
elseif redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 0 then
  return { 'unknown', reign }
end
return { 'done', reign }
