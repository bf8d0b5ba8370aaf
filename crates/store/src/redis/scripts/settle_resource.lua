-- Shows a resource whose name is taken, or drops one whose name was refused. KEYS: resource. ARGV:
-- `show` or `drop`.
local refused = unfit()
if refused then
  return refused
end
if redis.call('HEXISTS', KEYS[4], 'pending') == 1 then
  if ARGV[4] == 'show' then
    redis.call('HDEL', KEYS[4], 'pending')
  else
    redis.call('DEL', KEYS[4])
  end
end
return { 'done', reign }
