-- Puts a new access key in a slot and finally revokes the one that was there. KEYS: resource. ARGV:
-- the slot, the new key's id, its record, the id of the key that has to be there.
local refused = unfit()
if refused then
  return refused
end
local found = redis.call('HMGET', KEYS[4], 'record', ARGV[4], 'pending')
if not found[1] or found[3] then
  return { 'unknown', reign }
end
if not found[2] then
  return redis.error_reply('CORRUPT an access key slot is empty')
end
if found[2] ~= ARGV[7] then
  return { 'changed', reign }
end
local appended = append_revocation('credential', found[2], '1')
if appended.err then
  return appended
end
redis.call('HSET', KEYS[4], ARGV[4], ARGV[5], ARGV[4] .. '_record', ARGV[6])
return { 'done', reign, appended[1], appended[2], appended[3] }
