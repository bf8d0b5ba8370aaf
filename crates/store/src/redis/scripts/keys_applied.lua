-- Every partition has taken over a version. KEYS: signing keys. ARGV: the pending change.
if redis.call('HGET', KEYS[1], 'pending') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'pending')
end
return { 'done', reign }
