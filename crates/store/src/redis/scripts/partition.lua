-- What every step in a partition begins with. The keys of a partition share one slot, so that a step
-- is atomic: nobody sees half of it.
--
-- KEYS: meta, log, dead, and then the step's own.
-- ARGV: the time in milliseconds or nothing, the channel, the partition, and then the step's own.
-- The answer is a status, the id of this node's reign, and then the step's own.
local meta, log, dead = KEYS[1], KEYS[2], KEYS[3]

local state = redis.call(
  'HMGET', meta, 'log', 'generation', 'settled', 'number', 'millis', 'sequence', 'time', 'active',
  'durable', 'durable_position', 'durable_reign', 'vouched'
)

-- Why nothing can be done here, if so.
local function unfit()
  if not reign then
    return { 'replica', '' }
  end
  if not state[1] then
    return { 'absent', reign }
  end
  if state[2] ~= reign or state[3] ~= reign then
    return { 'generation', reign }
  end
end

local function now()
  if ARGV[1] ~= '' then
    return tonumber(ARGV[1])
  end
  return server_time
end

local function text(number)
  return string.format('%.0f', number)
end

-- The position of the last entry, as it is recorded.
local function recorded_end()
  return text(tonumber(state[5])) .. '-' .. text(tonumber(state[6]))
end

-- The number and the position of the last entry that is durable to the degree that its writer waits for.
-- Readers take in no entry after it. What a node has at its promotion, or at its start, counts as durable:
-- an acknowledged entry may be the last of it.
local function last_durable()
  if state[11] == reign then
    return tonumber(state[9]), state[10]
  end
  return tonumber(state[4]), recorded_end()
end

-- Records the last entry as durable, and tells the readers.
local function record_durable(number, position)
  redis.call('HSET', meta, 'durable', number, 'durable_position', position, 'durable_reign', reign)
  redis.call('PUBLISH', ARGV[2], ARGV[3])
  state[9], state[10], state[11] = number, position, reign
end

-- How far ahead of the server's clock a caller's may date an entry: as long as a token lives. Entries are
-- never dated before an earlier one, so one clock that is years ahead would keep all later ones for years.
local longest_ahead = 86400000

-- Where the log ends: as it is recorded, or later if another hand has written to the stream, since
-- the next entry has to stand after that, too.
local function log_end()
  local millis, sequence = tonumber(state[5]), tonumber(state[6])
  local stream = redis.pcall('XINFO', 'STREAM', log)
  if stream.err then
    return millis, sequence
  end
  for at = 1, #stream, 2 do
    if stream[at] == 'last-generated-id' then
      local last_millis, last_sequence = string.match(stream[at + 1], '^(%d+)-(%d+)$')
      last_millis, last_sequence = tonumber(last_millis), tonumber(last_sequence)
      if last_millis > millis or (last_millis == millis and last_sequence > sequence) then
        return last_millis, last_sequence
      end
    end
  end
  return millis, sequence
end

-- Appends an entry at the next position that is not before `from`. `counts` is the position that
-- counts, or nothing if it is the entry's own.
local function append(entry, from)
  local millis, sequence = log_end()
  if from > millis then
    millis, sequence = from, 0
  else
    sequence = sequence + 1
  end
  -- Beyond this, numbers of this language are not whole any more.
  if millis >= 2 ^ 53 or sequence >= 2 ^ 53 then
    return redis.error_reply('CORRUPT there is no position after the end of the log')
  end
  local position = text(millis) .. '-' .. text(sequence)
  local number = tonumber(state[4]) + 1
  -- Not before the clock of the server, nor before that of the caller: neither may drop it too early. Nor
  -- before the vouched time on record, by which entries are deleted.
  local time = math.max(
    now(), math.min(tonumber(caller_time), now() + longest_ahead), tonumber(state[7]), tonumber(state[12] or '0')
  )
  redis.call(
    'XADD', log, position, 'n', text(number), 't', text(time), 'k', entry.kind, 'i', entry.id,
    'f', entry.final, 'p', entry.counts
  )
  redis.call(
    'HSET', meta, 'number', text(number), 'millis', text(millis), 'sequence', text(sequence),
    'time', text(time)
  )
  state[4], state[5], state[6], state[7] = number, millis, sequence, time
  if waits == '1' then
    unrecorded = text(number) .. ' ' .. position
  else
    record_durable(text(number), position)
  end
  return { text(number), position, text(time) }
end

local function append_revocation(kind, id, final)
  return append({ kind = kind, id = id, final = final, counts = '' }, now())
end

-- Opens a generation: an hour above everything that a lost end of the log can have held.
local function append_generation(from)
  local nobody = '00000000000000000000000000000000'
  return append({ kind = 'generation', id = nobody, final = '0', counts = '' }, from + 3600000)
end

local function position()
  local millis, sequence = log_end()
  return text(millis) .. '-' .. text(sequence)
end

-- Final revocations are kept in two keys, so that the loss of one of them brings nothing back to life.
local function is_dead(kind, id)
  local mark = kind .. ' ' .. id
  return redis.call('SISMEMBER', dead, mark) == 1
    or redis.call('HEXISTS', meta, 'final ' .. mark) == 1
end

local function record_final(mark)
  redis.call('SADD', dead, mark)
  if redis.call('HSET', meta, 'final ' .. mark, '1') == 1 then
    redis.call('HINCRBY', meta, 'finals', 1)
  end
end

-- Whether a credential is one of the two access keys of a resource. Others do nothing in it: their
-- rotation would not take back what they did.
local function is_access_key(resource, id)
  local found = redis.call('HMGET', resource, 'record', 'primary', 'secondary', 'pending')
  if not found[1] or found[4] then
    return false
  end
  return (found[2] == id or found[3] == id) and not is_dead('credential', id)
end

-- Entries that another call has appended, and was not answered: written again, so that the wait behind this
-- covers them.
if waits == '1' and reign and state[1] and state[11] == reign and tonumber(state[9]) < tonumber(state[4]) then
  redis.call('HSET', meta, 'number', state[4])
  unrecorded = state[4] .. ' ' .. recorded_end()
end

-- Whether a position comes after another.
local function is_after(one, other)
  local millis, sequence = string.match(one, '^(%d+)-(%d+)$')
  local than_millis, than_sequence = string.match(other, '^(%d+)-(%d+)$')
  millis, than_millis = tonumber(millis), tonumber(than_millis)
  return millis > than_millis
    or millis == than_millis and tonumber(sequence) > tonumber(than_sequence)
end

-- Refuses every token below a position from here on. The floor never falls.
local function raise_floor(position)
  if is_after(position, redis.call('HGET', meta, 'floor') or '0-0') then
    redis.call('HSET', meta, 'floor', position)
  end
end
