-- Takes over a version of the signing keys: which one signs, and which one is revoked. Once for each
-- version; whoever comes second is told the entry of the first. ARGV: the version, the key that signs
-- or nothing, the key that is revoked or nothing.
local refused = unfit()
if refused then
  return refused
end
local kept = redis.call('HMGET', meta, 'keys_version', 'keys_entry')
local version = tonumber(ARGV[4])
if tonumber(kept[1]) < version then
  local entry = ''
  if ARGV[6] ~= '' then
    local appended = append_revocation('signing_key', ARGV[6], '1')
    if appended.err then
      return appended
    end
    entry = table.concat(appended, ' ')
  end
  -- An older copy may have brought back a key that is revoked. It signs nothing any more.
  local active = ARGV[5]
  if active ~= '' and is_dead('signing_key', active) then
    active = ''
  end
  redis.call('HSET', meta, 'keys_version', ARGV[4], 'active', active, 'keys_entry', entry)
  return { 'done', reign, entry }
end
if tonumber(kept[1]) == version then
  -- Written again, so that whoever waits after this waits for what the first one wrote.
  redis.call('HSET', meta, 'keys_version', ARGV[4])
  return { 'done', reign, kept[2] or '' }
end
return { 'done', reign, '' }
