-- Revokes an identity that is known, or a token, whether or not it is. KEYS: resource, identities.
-- ARGV: the access key, `identity` or `token`, its id.
local refused = unfit()
if refused then
  return refused
end
if not is_access_key(KEYS[4], ARGV[4]) then
  return { 'stranger', reign }
end
if ARGV[5] == 'identity' then
  if is_dead('identity', ARGV[6]) or redis.call('HEXISTS', KEYS[5], ARGV[6]) == 0 then
    return { 'unknown', reign }
  end
end
local appended = append_revocation(ARGV[5], ARGV[6], '0')
if appended.err then
  return appended
end
return { 'done', reign, appended[1], appended[2], appended[3] }
