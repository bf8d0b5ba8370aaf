-- Whether a token may be issued, and where the log ends. KEYS: resource, identities. ARGV: the access
-- key, the identity, the signing key.
local refused = unfit()
if refused then
  return refused
end
if not is_access_key(KEYS[4], ARGV[4]) then
  return { 'stranger', reign }
end
if redis.call('HEXISTS', KEYS[5], ARGV[5]) == 0 or is_dead('identity', ARGV[5]) then
  return { 'identity_unknown', reign }
end
if state[8] ~= ARGV[6] then
  return { 'signing_key', reign }
end
return { 'done', reign, position(), text(now()) }
