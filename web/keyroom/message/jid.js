/* JIDs: syntactic only. Servers have prepared them; comparison is bytewise. */
import {isPlain, utf8} from '../protocol/bytes.js';
import {JID_MAX, NICK_MAX} from '../protocol/limit.js';

export function bareOf(jid) {
  const slash = jid.indexOf('/');
  return slash < 0 ? jid : jid.slice(0, slash);
}

/* Behind the first '/', or ''. */
export function resourceOf(jid) {
  const slash = jid.indexOf('/');
  return slash < 0 ? '' : jid.slice(slash + 1);
}

/* [local@]domain of non-empty parts within the limits, and nothing behind it. */
export function isBareJid(jid) {
  const parts = jid.split('@');
  return isPlain(jid, JID_MAX) && !jid.includes('/') && parts.length <= 2 &&
         parts.every((part) => part !== '' && utf8(part).length <= NICK_MAX);
}
