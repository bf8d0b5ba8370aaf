-- Takes the turn to make the first start, or gives it back. KEYS: operators, first turn. ARGV: the
-- operator that the first start is to end with, for how long in milliseconds.
if redis.call('SCARD', KEYS[1]) > 0 then
  return { 'over', reign }
end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then
  return { 'taken', reign }
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[2])
else
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
end
return { 'done', reign }
