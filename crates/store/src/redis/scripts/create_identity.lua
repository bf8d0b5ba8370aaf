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

-- The number of custom ids shows whether their index was lost. The records have them as well.
local function restore_custom_ids()
  local expected = tonumber(redis.call('HGET', KEYS[4], 'custom_ids') or '0')
  if expected == redis.call('HLEN', KEYS[7]) then
    return
  end
  local records = redis.call('HGETALL', KEYS[5])
  for index = 1, #records, 2 do
    local id, custom_id = records[index], cjson.decode(records[index + 1]).custom_id
    if custom_id and not is_dead('identity', id) then
      redis.call('HSETNX', KEYS[7], custom_id, id)
    end
  end
  redis.call('HSET', KEYS[4], 'custom_ids', text(redis.call('HLEN', KEYS[7])))
end

if ARGV[7] ~= '' then
  if redis.call('HEXISTS', KEYS[7], ARGV[7]) == 0 then
    restore_custom_ids()
  end
  local id = redis.call('HGET', KEYS[7], ARGV[7])
  -- A custom id that leads to no record is free: its identity was deleted, or lost.
  local record = id and not is_dead('identity', id) and redis.call('HGET', KEYS[5], id)
  if record then
    -- Written again, so that whoever waits after this waits for what made it.
    redis.call('HSET', KEYS[7], ARGV[7], id)
    return { 'existing', reign, at, time, record, redis.call('HGET', KEYS[8], id) or '' }
  end
  local added = redis.call('HSET', KEYS[7], ARGV[7], ARGV[5])
  redis.call('HINCRBY', KEYS[4], 'custom_ids', added)
end
redis.call('HSET', KEYS[5], ARGV[5], ARGV[6])
redis.call('ZADD', KEYS[6], 0, ARGV[5])
return { 'done', reign, at, time }
