-- Keeps a new identity, or finds the one that has its custom id. KEYS: resource, identities, order,
-- custom ids, issue times. ARGV: the access key, the identity, its record, its custom id or nothing,
-- the signing key or nothing.
local refused = unfit()
if refused then
  return refused
end
if not is_access_key(KEYS[4], ARGV[4]) then
  return { 'stranger', reign }
end
if ARGV[8] ~= '' and state[8] ~= ARGV[8] then
  return { 'signing_key', reign }
end
local at, time = position(), text(now())
if ARGV[7] ~= '' then
  local id = redis.call('HGET', KEYS[7], ARGV[7])
  if id and not is_dead('identity', id) then
    local record = redis.call('HGET', KEYS[5], id)
    if not record then
      return redis.error_reply('CORRUPT a custom id leads to no identity')
    end
    -- Written again, so that whoever waits after this waits for what made it.
    redis.call('HSET', KEYS[7], ARGV[7], id)
    return { 'existing', reign, at, time, record, redis.call('HGET', KEYS[8], id) or '' }
  end
  redis.call('HSET', KEYS[7], ARGV[7], ARGV[5])
end
redis.call('HSET', KEYS[5], ARGV[5], ARGV[6])
redis.call('ZADD', KEYS[6], 0, ARGV[5])
return { 'done', reign, at, time }
