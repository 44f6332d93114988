/* The canonical form of what is signed or hashed as text (docs/protocol.md 2.5): `keyroom:1:<type>`, then name=value
 * lines in order. */
import {utf8, isPlain} from './bytes.js';
import {fail} from './err.js';
import {TEXT_MAX} from './limit.js';

/* lines: [name, value] pairs, values as they are written. `malformed` for a value that may not be signed. */
export function canonicalText(type, lines) {
  let text = `keyroom:1:${type}\n`;
  for (const [name, value] of lines) {
    if (!isPlain(String(value), TEXT_MAX))
      fail('malformed');
    text += `${name}=${value}\n`;
  }
  const bytes = utf8(text);
  if (bytes.length > TEXT_MAX)
    fail('too-large');
  return bytes;
}

/* The values of a text with these names in this order; `malformed` for anything else. Whoever reads a text compares
 * it with what its own values encode to. */
export function readCanonical(bytes, type, names) {
  let text;
  try {
    text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch {
    fail('malformed');
  }
  const lines = text.split('\n');
  if (lines.length !== names.length + 2 || lines[0] !== `keyroom:1:${type}` || lines.at(-1) !== '')
    fail('malformed');
  return names.map((name, i) => {
    const line = lines[i + 1];
    if (!line.startsWith(name + '='))
      fail('malformed');
    return line.slice(name.length + 1);
  });
}
