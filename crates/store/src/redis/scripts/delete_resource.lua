-- Deletes a resource with everything beneath it, finally. KEYS: resource, identities, order, custom
-- ids, issue times. ARGV: its id.
local refused = unfit()
if refused then
  return refused
end
local found = redis.call('HMGET', KEYS[4], 'record', 'primary', 'secondary')
if not found[1] then
  return { 'unknown', reign }
end
local appended = append_revocation('resource', ARGV[4], '1')
if appended.err then
  return appended
end
-- There may be a million identities; their memory is given back in the background.
redis.call('UNLINK', KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8])
return { 'done', reign, appended[1], appended[2], appended[3], found[1], found[2], found[3] }
