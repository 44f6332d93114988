/* An XML element as plain data, {name, ns, attrs, children, text}: what the codec reads and writes. It knows no parser and
 * no transport. text is all direct text. */
import {fail} from '../protocol/err.js';

export const NS = 'urn:keyroom:1';
export const NS_ERRORS = 'urn:keyroom:1:errors';
export const NS_CLIENT = 'jabber:client';
export const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';
export const NS_MUC = 'http://jabber.org/protocol/muc';
export const NS_MUC_USER = 'http://jabber.org/protocol/muc#user';

/* attrs: those that are undefined or false are left out; numbers and booleans are written as 2.1 wants. */
export function make(name, ns, attrs = {}, children = [], text = '') {
  const written = {};
  for (const [key, value] of Object.entries(attrs))
    if (value !== undefined && value !== false)
      written[key] = String(value);
  return {name, ns, attrs: written, children, text};
}

/* The value of an attribute, or null. */
export function attr(el, name) {
  return Object.hasOwn(el.attrs, name) ? el.attrs[name] : null;
}

export function is(el, name, ns) {
  return el.name === name && el.ns === ns;
}

export function childrenOf(el, name, ns = NS) {
  return el.children.filter((child) => is(child, name, ns));
}

/* The first, or null. */
export function child(el, name, ns = NS) {
  return el.children.find((c) => is(c, name, ns)) ?? null;
}

/* The first child of our namespace: a stanza's payload, or null. */
export function payloadOf(stanza) {
  return stanza.children.find((c) => c.ns === NS) ?? null;
}

const escapes = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\t': '&#9;', '\n': '&#10;',
                 '\r': '&#13;'};

/* What XML 1.0 has no spelling for: `malformed`. */
function escape(text) {
  for (const character of text) {
    const c = character.codePointAt(0);
    if ((c < 0x20 && escapes[character] === undefined) || (c >= 0xd800 && c <= 0xdfff) || c === 0xfffe || c === 0xffff)
      fail('malformed');
  }
  return text.replace(/[&<>"'\t\n\r]/g, (c) => escapes[c]);
}

/* The element as text; xmlns is written where it is not the parent's. */
export function toXml(el, outer = NS_CLIENT) {
  const xmlns = el.ns === outer ? '' : ` xmlns='${escape(el.ns)}'`;
  const attrs = Object.entries(el.attrs).map(([name, value]) => ` ${name}='${escape(value)}'`).join('');
  const inner = escape(el.text) + el.children.map((c) => toXml(c, el.ns)).join('');
  return inner === '' ? `<${el.name}${xmlns}${attrs}/>` : `<${el.name}${xmlns}${attrs}>${inner}</${el.name}>`;
}
