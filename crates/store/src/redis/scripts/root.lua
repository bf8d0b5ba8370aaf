-- What every step begins with on what belongs to no resource: subscriptions, names, service keys and
-- signing keys.
--
-- The answer is a status, the id of this node's reign, and then the step's own.
if not reign then
  return { 'replica', '' }
end
