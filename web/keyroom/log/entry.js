/* Entries of the log (docs/protocol.md 11.11). */
import {isPlain} from '../protocol/bytes.js';
import {fail} from '../protocol/err.js';
import {LOG_ENTRY_MAX} from '../protocol/limit.js';

/* A function from a name to its value, or null. `malformed` for what is no entry. */
export function entryValue(bytes) {
  let text = '';
  try {
    text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch {
    fail('malformed');
  }
  const [head, ...lines] = text.split('\n'), values = new Map();
  if (head !== 'keyroom:1:log' || bytes.length > LOG_ENTRY_MAX || lines.pop() !== '' || !/^v=1$/.test(lines[0]) || !/^t=[0-9]+$/.test(lines[1]))
    fail('malformed');
  for (const line of lines) {
    const [, name, value] = /^([a-z0-9-]+)=(.*)$/u.exec(line) ?? fail('malformed');
    if (values.has(name) || !isPlain(value, LOG_ENTRY_MAX))
      fail('malformed');
    values.set(name, value);
  }
  return (name) => values.get(name) ?? null;
}
