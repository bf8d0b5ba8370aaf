-- Makes the order of a resource's identities from their records, if it does not fit them. KEYS: resource,
-- identities, order.
local refused = unfit()
if refused then
  return refused
end
if redis.call('HLEN', KEYS[5]) ~= redis.call('ZCARD', KEYS[6]) then
  redis.call('DEL', KEYS[6])
  for _, id in ipairs(redis.call('HKEYS', KEYS[5])) do
    redis.call('ZADD', KEYS[6], 0, id)
  end
end
return { 'done', reign }
