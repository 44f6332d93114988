"""Elements, their text, and an incremental reader of an XML stream."""

from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

NS_COMPONENT = "jabber:component:accept"
NS_STREAM = "http://etherx.jabber.org/streams"
NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


class El:
    """An element: namespace, name, attributes (without namespaces), children, text."""

    def __init__(self, name, ns=NS_COMPONENT, attrs=None, *children, **more):
        self.name, self.ns = name, ns
        self.attrs = {k: str(v) for k, v in {**(attrs or {}), **more}.items() if v is not None}
        self.children = [c for c in children if isinstance(c, El)]
        self.text = "".join(c for c in children if isinstance(c, str))

    def get(self, name, default=None):
        return self.attrs.get(name, default)

    def child(self, name=None, ns=None):
        return next((c for c in self.children if name in (None, c.name) and ns in (None, c.ns)), None)

    def all(self, name):
        return [c for c in self.children if c.name == name]

    def xml(self, parent_ns=None):
        out = "<" + self.name
        if self.ns != parent_ns:
            out += " xmlns=" + quoteattr(self.ns)
        out += "".join(" %s=%s" % (k, quoteattr(v, {"\n": "&#10;", "\t": "&#9;"})) for k, v in self.attrs.items())
        inner = escape(self.text) + "".join(c.xml(self.ns) for c in self.children)
        return out + (">%s</%s>" % (inner, self.name) if inner else "/>")

    def __repr__(self):
        text = self.xml()
        return text if len(text) < 600 else text[:600] + "..."


class Reader:
    """Calls opened(attrs), stanza(el) and closed() as bytes are fed."""

    def __init__(self, opened, stanza, closed):
        self.opened, self.stanza, self.closed = opened, stanza, closed
        self.stack, self.parser = [], expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.parser.buffer_text = True

    def feed(self, data):
        self.parser.Parse(data, False)

    def start(self, name, attrs):
        ns, _, local = name.rpartition(" ")
        if not self.stack:
            self.stack.append(El(local, ns, attrs))
            self.opened(attrs)
            return
        el = El(local, ns, {k.rpartition(" ")[2] if not k.startswith("http://www.w3.org/XML") else "xml:lang": v
                            for k, v in attrs.items()})
        if len(self.stack) > 1:
            self.stack[-1].children.append(el)
        self.stack.append(el)

    def data(self, text):
        if len(self.stack) > 1:
            self.stack[-1].text += text

    def end(self, _name):
        el = self.stack.pop()
        if not self.stack:
            self.closed()
        elif len(self.stack) == 1:
            self.stanza(el)
