-- Forgets signing keys that are long out of use. KEYS: signing keys. ARGV: the version at which they
-- were found to be, and their ids.
if tonumber(redis.call('HGET', KEYS[1], 'version') or '0') == tonumber(ARGV[1]) then
  for at = 2, #ARGV do
    redis.call('HDEL', KEYS[1], 'key:' .. ARGV[at])
  end
end
return { 'done', reign }
