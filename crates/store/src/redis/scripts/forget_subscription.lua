-- Everything beneath a subscription is gone. KEYS: closing, its resources. ARGV: the id.
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return { 'done', reign }
