-- Records that every partition of the store has got its log: one that is absent from now on was lost. KEYS:
-- meta.
redis.call('HSET', KEYS[1], 'complete', '1')
return { 'done', reign }
