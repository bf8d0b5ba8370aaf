-- Changes the signing keys, if they are at the version that the change was made from and no change
-- is on its way to the partitions. KEYS: signing keys. ARGV: the version, the key that signs from now
-- on or nothing, the key that is revoked or nothing, the latest version that a partition has, and then for
-- each record its id and itself. The new version is above that of every partition, also where the keys
-- were lost here and are made anew.
local kept = redis.call('HMGET', KEYS[1], 'version', 'active', 'pending')
local version = tonumber(kept[1] or '0')
if version ~= tonumber(ARGV[1]) or kept[3] then
  return { 'moved', reign }
end
for at = 5, #ARGV, 2 do
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
local next_version = string.format('%.0f', math.max(version, tonumber(ARGV[4])) + 1)
redis.call(
  'HSET', KEYS[1], 'version', next_version, 'active', active,
  'pending', next_version .. ' ' .. ARGV[3]
)
return { 'done', reign, active, next_version }
