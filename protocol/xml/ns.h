/* Namespaces, at one spot. */
#ifndef KR_XML_NS_H
#define KR_XML_NS_H

#define KR_NS             "urn:keyroom:1"
#define KR_NS_ERRORS      "urn:keyroom:1:errors"
#define KR_NS_CLIENT      "jabber:client"
#define KR_NS_COMPONENT   "jabber:component:accept"
#define KR_NS_STREAMS     "http://etherx.jabber.org/streams"
#define KR_NS_STANZAS     "urn:ietf:params:xml:ns:xmpp-stanzas"
#define KR_NS_MUC         "http://jabber.org/protocol/muc"
#define KR_NS_MUC_USER    "http://jabber.org/protocol/muc#user"
#define KR_NS_CONFERENCE  "jabber:x:conference" /* XEP-0249 */
#define KR_NS_DISCO_INFO  "http://jabber.org/protocol/disco#info"
#define KR_NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define KR_NS_VERSION     "jabber:iq:version" /* XEP-0092 */
#define KR_NS_PING        "urn:xmpp:ping"     /* XEP-0199 */

#include <stdbool.h>

/* A stanza's own namespace is whichever stream it came on: client or component. */
bool kr_ns_is_stanza(const char *ns);

#endif
