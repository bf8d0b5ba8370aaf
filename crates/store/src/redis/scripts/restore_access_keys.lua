-- Fills the index of access keys from the resources, after it was lost. KEYS: access keys. ARGV: for each
-- key its id and its resource.
local refused = unfit()
if refused then
  return refused
end
for at = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[4], ARGV[at], ARGV[at + 1])
end
redis.call('HSET', meta, 'access_keys', text(redis.call('HLEN', KEYS[4])))
return { 'done', reign }
