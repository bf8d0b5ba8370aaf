-- Takes a name for a resource: from here on it is there. KEYS: subscriptions, names, the
-- subscription's resources. ARGV: the subscription, the name, the resource.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return { 'subscription_unknown', reign }
end
local holder = redis.call('HGET', KEYS[2], ARGV[2])
if holder and holder ~= ARGV[3] then
  return { 'taken', reign, holder }
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], 0, ARGV[3])
return { 'done', reign }
