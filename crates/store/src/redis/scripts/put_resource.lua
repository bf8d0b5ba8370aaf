-- Keeps a resource that nobody sees yet. It is there for good once its name is taken. KEYS: resource.
-- ARGV: its record, and for each of its keys the id and the record.
local refused = unfit()
if refused then
  return refused
end
redis.call(
  'HSET', KEYS[4], 'pending', '1', 'record', ARGV[4], 'primary', ARGV[5], 'primary_record', ARGV[6],
  'secondary', ARGV[7], 'secondary_record', ARGV[8]
)
return { 'done', reign }
