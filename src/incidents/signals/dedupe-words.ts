/** How people and programs tell that the store of seen keys was lost, all at once. */
export const storeLost: RegExp =
  /(redis|memcached?|valkey|dedup\w*|idempoten\w*|cache)\b.*(restart\w*|flush\w*|failover|wiped|cleared|lost|bypass\w*|disabled|empty|cold|reset|reload)|(flushall|flushdb|restart\w*|flush\w*)\b.*(redis|memcache|valkey|dedup|idempoten|cache)/i

/** That it forgets keys one by one, at the end of their lifetime or before. */
export const keysExpired: RegExp =
  /(evict\w*|expir\w*)\W+(\w+\W+){0,6}(key|dedup\w*|idempoten\w*)|(key|dedup\w*|idempoten\w*)\W+(\w+\W+){0,4}(evict\w*|expired)|evicted_?keys|expired_?keys/i

/** Before the end of their lifetime, for want of room. */
export const keysEvicted: RegExp = /evict/i
