/* libstrophe's XML parser is Expat, and libstrophe gives no hold on it. Without one these things go wrong:
 * - Expat since 2.6 (and Debian 12's 2.5) puts off a token that came in pieces until the input has doubled,
 *   so a stanza whose end arrives alone is not seen before the server happens to send more: a stalled
 * meeting, and with a start tag of many kilobytes a link that is deaf for as long again.
 * - After text that is no XML libstrophe sends a stream error and goes on with a parser that hears nothing.
 * - libstrophe's cost grows with the square of a stanza: to add an element it walks over all siblings, to add
 *   a line of text it measures all it has, attributes it looks up one by one. 250 kB of empty elements from
 * any client took it half a minute, in which nobody else was served. So this part stands between the two: it
 * defines XML_Parse and the like, which the dynamic linker takes for libstrophe's as well, and passes on to
 * the library's own. Text is passed in one piece. What is beyond the limits of base/limit.h is left out, but
 * for one of it, for which the stanza is then refused. The size of a token is bounded by the server, which
 * has the stanza whole before it passes it on. */
#ifndef KR_IO_EXPAT_H
#define KR_IO_EXPAT_H

#include <stdbool.h>

/* Has a parser of this thread met what is no XML since the last call? */
bool kr_expat_take_failure(void);

#endif
