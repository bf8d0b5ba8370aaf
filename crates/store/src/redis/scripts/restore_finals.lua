-- Fills the set of final revocations from their second copy, after it was lost.
local refused = unfit()
if refused then
  return refused
end
local fields = redis.call('HKEYS', meta)
for _, field in ipairs(fields) do
  local mark = string.match(field, '^final (.+)$')
  if mark then
    redis.call('SADD', dead, mark)
  end
end
-- What only the set has is copied as well.
for _, mark in ipairs(redis.call('SMEMBERS', dead)) do
  record_final(mark)
end
return { 'done', reign }
