-- Frees the name of a resource that is gone. KEYS: names, the subscription's resources. ARGV: the
-- name, the resource.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
redis.call('ZREM', KEYS[2], ARGV[2])
return { 'done', reign }
