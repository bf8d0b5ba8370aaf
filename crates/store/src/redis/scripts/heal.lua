-- Appends again what the log has lost. ARGV: the log's id and its last number as they were read, the
-- latest position known of, whether everything that had stood in the log is known, the position below
-- which the healer refuses every token, and then for each revocation its kind, its id, whether it is
-- final, and the position that counts.
local refused = unfit()
if refused then
  return refused
end
if state[1] ~= ARGV[4] or tonumber(state[4]) ~= tonumber(ARGV[5]) then
  return { 'moved', reign }
end
-- Mended before anything is appended: what stood up to here is what the healer knows of.
if ARGV[7] == '1' then
  local kept = redis.call('HMGET', meta, 'trimmed', 'number')
  local there = redis.call('XLEN', log)
  redis.call(
    'HSET', meta, 'missing', text(tonumber(kept[2]) - tonumber(kept[1]) - there),
    'mended', kept[2]
  )
end
raise_floor(ARGV[8])
local millis, sequence = string.match(ARGV[6], '^(%d+)-(%d+)$')
millis, sequence = tonumber(millis), tonumber(sequence)
local end_millis, end_sequence = log_end()
if millis > end_millis or (millis == end_millis and sequence > end_sequence) then
  local appended = append_generation(math.max(now(), millis))
  if appended.err then
    return appended
  end
  -- Nothing is issued under it before the replicas have it, as under any other.
  redis.call('HSET', meta, 'settled', '')
  redis.call('HINCRBY', meta, 'jumps', 1)
end
for at = 9, #ARGV, 4 do
  local kind, id, final = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local appended = append({ kind = kind, id = id, final = final, counts = ARGV[at + 3] }, now())
  if appended.err then
    return appended
  end
  -- An older copy may have brought back what was deleted. It stays dead.
  if final == '1' then
    record_final(kind .. ' ' .. id)
    if kind == 'resource' then
      redis.call('DEL', KEYS[4] .. id)
    elseif kind == 'signing_key' and state[8] == id then
      redis.call('HSET', meta, 'active', '')
    end
  end
end
-- What comes back was read before, so readers need not wait for the replicas to have it.
unrecorded = ''
record_durable(text(tonumber(state[4])), recorded_end())
return { 'done', reign, state[1], position(), text(tonumber(state[4])) }
