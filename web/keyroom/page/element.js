/* Between a page's elements and those of the client (message/el.js). */
import {STANZA_MAX, XML_CHILDREN_MAX} from '../protocol/limit.js';
import {fail} from '../protocol/err.js';
import {toXml} from '../message/el.js';

const DEPTH_MAX = 16, TEXT_NODE = 3, CDATA_NODE = 4, ELEMENT_NODE = 1;

function read(node, depth, budget) {
  if (depth > DEPTH_MAX || --budget.elements < 0)
    fail('too-large');
  const el = {name: node.localName, ns: node.namespaceURI ?? '', attrs: {}, children: [], text: ''};
  for (const {name, value} of node.attributes)
    if (name !== 'xmlns' && !name.startsWith('xmlns:'))
      el.attrs[name] = value;
  for (const child of node.childNodes) {
    if (child.nodeType === ELEMENT_NODE)
      el.children.push(read(child, depth + 1, budget));
    else if (child.nodeType === TEXT_NODE || child.nodeType === CDATA_NODE)
      el.text += child.nodeValue;
  }
  if ((budget.text -= el.text.length) < 0)
    fail('too-large');
  return el;
}

/* `too-large`, as the C client refuses it. A stanza without a namespace is of the stream's. */
export function fromDom(node) {
  const el = read(node, 0, {elements: XML_CHILDREN_MAX, text: STANZA_MAX});
  const client = (e) => {
    e.ns ||= 'jabber:client';
    e.children.forEach(client);
  };
  client(el);
  return el;
}

/* With its namespaces as attributes too, which is what strophe.js writes. */
export function toDom(el) {
  return new DOMParser().parseFromString(toXml(el, ''), 'text/xml').documentElement;
}
