-- Makes the log of a partition if there is none. ARGV: its id, where it begins, whether the store is
-- new. In a new store there is nothing that a lost log could have held, so no generation is opened.
if not reign then
  return { 'replica', '' }
end
if state[1] then
  return { 'there', reign }
end
local millis, sequence = string.match(ARGV[5], '^(%d+)-(%d+)$')
local generation = ''
if ARGV[6] == '1' then
  generation = reign
end
redis.call(
  'HSET', meta, 'log', ARGV[4], 'generation', generation, 'settled', generation, 'number', '0',
  'millis', millis, 'sequence', sequence, 'time', '0', 'trimmed', '0', 'missing', '0',
  'mended', '0', 'keys_version', '0'
)
return { 'done', reign }
