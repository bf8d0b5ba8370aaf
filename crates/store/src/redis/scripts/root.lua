-- What every step begins with on what belongs to no resource: subscriptions, names, service keys and
-- signing keys.
--
-- The answer is a status, the id of this node's reign, and then the step's own.
local function reign_of_this_node()
  local info = redis.call('INFO', 'replication')
  if not string.find(info, 'role:master', 1, true) then
    return false
  end
  return string.match(info, 'master_replid:(%x+)')
end

local reign = reign_of_this_node()
if not reign then
  return { 'replica', '' }
end
