-- Which tokens may be issued, and where the log ends. KEYS: resource, identities. ARGV: of each token the
-- access key, the identity and the signing key. The answer has the time, the position, and a word for
-- each token.
local refused = unfit()
if refused then
  return refused
end

local answer = { 'done', reign, text(now()), position() }
local access_keys = {}

local function is_access_key_of_this(id)
  if access_keys[id] == nil then
    access_keys[id] = is_access_key(KEYS[4], id)
  end
  return access_keys[id]
end

for at = 4, #ARGV, 3 do
  local access_key, identity, signing_key = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if not is_access_key_of_this(access_key) then
    answer[#answer + 1] = 'stranger'
  elseif redis.call('HEXISTS', KEYS[5], identity) == 0 or is_dead('identity', identity) then
    answer[#answer + 1] = 'identity_unknown'
  elseif state[8] ~= signing_key then
    answer[#answer + 1] = 'signing_key'
  else
    answer[#answer + 1] = 'granted'
  end
end
return answer
