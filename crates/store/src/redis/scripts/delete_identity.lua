-- Deletes an identity, finally. KEYS: resource, identities, order, custom ids, issue times. ARGV: the
-- access key, the identity, its custom id or nothing.
local refused = unfit()
if refused then
  return refused
end
if not is_access_key(KEYS[4], ARGV[4]) then
  return { 'stranger', reign }
end
if is_dead('identity', ARGV[5]) or redis.call('HEXISTS', KEYS[5], ARGV[5]) == 0 then
  return { 'unknown', reign }
end
local appended = append_revocation('identity', ARGV[5], '1')
if appended.err then
  return appended
end
redis.call('HDEL', KEYS[5], ARGV[5])
redis.call('ZREM', KEYS[6], ARGV[5])
redis.call('HDEL', KEYS[8], ARGV[5])
if ARGV[6] ~= '' and redis.call('HGET', KEYS[7], ARGV[6]) == ARGV[5] then
  redis.call('HDEL', KEYS[7], ARGV[6])
  redis.call('HINCRBY', KEYS[4], 'custom_ids', -1)
end
return { 'done', reign, appended[1], appended[2], appended[3] }
