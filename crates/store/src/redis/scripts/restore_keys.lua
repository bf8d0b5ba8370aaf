-- Restores signing keys that were lost, if the version that is kept is below theirs. They get the next
-- version, which goes to every partition as any change does. KEYS: signing keys. ARGV: their version, the
-- key that signs or nothing, and then for each record its id and itself.
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if version >= tonumber(ARGV[1]) then
  return { 'moved', reign }
end
redis.call('DEL', KEYS[1])
for at = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[1], 'key:' .. ARGV[at], ARGV[at + 1])
end
local next_version = string.format('%.0f', tonumber(ARGV[1]) + 1)
redis.call(
  'HSET', KEYS[1], 'version', next_version, 'active', ARGV[2], 'pending', next_version .. ' '
)
return { 'done', reign }
