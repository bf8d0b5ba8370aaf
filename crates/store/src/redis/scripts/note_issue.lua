-- Notes when a token was last issued, if that is later than what is noted. KEYS: identities, issue
-- times. ARGV: the identity, the time.
if reign and redis.call('HEXISTS', KEYS[4], ARGV[4]) == 1 then
  local noted = redis.call('HGET', KEYS[5], ARGV[4])
  if not noted or tonumber(noted) < tonumber(ARGV[5]) then
    redis.call('HSET', KEYS[5], ARGV[4], ARGV[5])
  end
end
return { 'done', reign or '' }
