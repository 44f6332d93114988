/* Is this text a peer may name things with? */
#ifndef KR_BASE_UTF8_H
#define KR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without control characters
 * (U+0000-U+001F, U+007F-U+009F), at most max bytes. The empty string is fine. */
bool kr_utf8_plain(const char *s, size_t max);

#endif
