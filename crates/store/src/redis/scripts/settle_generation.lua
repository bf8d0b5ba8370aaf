-- The generation has reached the replicas that it has to, and the node was confirmed to be the
-- primary: from here on it is issued under. ARGV: the reign.
if not reign then
  return { 'replica', '' }
end
if reign == ARGV[4] and state[2] == reign then
  redis.call('HSET', meta, 'settled', reign)
end
return { 'done', reign }
