-- Changes the signing keys, if they are at the version that the change was made from and no change
-- is on its way to the partitions. KEYS: signing keys. ARGV: the version, the key that signs from now
-- on or nothing, the key that is revoked or nothing, and then for each record its id and itself.
local kept = redis.call('HMGET', KEYS[1], 'version', 'active', 'pending')
local version = tonumber(kept[1] or '0')
if version ~= tonumber(ARGV[1]) or kept[3] then
  return { 'moved', reign }
end
for at = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], 'key:' .. ARGV[at], ARGV[at + 1])
end
local active = kept[2] or ''
if ARGV[2] ~= '' then
  active = ARGV[2]
end
-- Whatever else the change says, nothing is issued under a key that it revokes.
if active == ARGV[3] then
  active = ''
end
local next_version = string.format('%.0f', version + 1)
redis.call(
  'HSET', KEYS[1], 'version', next_version, 'active', active,
  'pending', next_version .. ' ' .. ARGV[3]
)
return { 'done', reign, active }
