-- The generation has reached the replicas that it has to, and the node was confirmed to be the
-- primary: from here on it is issued under, unless healing has jumped ahead meanwhile, which waits for
-- the replicas by itself. ARGV: the reign, how often healing had jumped.
if not reign then
  return { 'replica', '' }
end
local jumps = redis.call('HGET', meta, 'jumps') or '0'
if reign == ARGV[4] and state[2] == reign and jumps == ARGV[5] then
  redis.call('HSET', meta, 'settled', reign)
end
return { 'done', reign }
