#include "base/utf8.h"

#include <stdint.h>

bool kr_utf8_plain(const char *s, size_t max)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s;
    size_t n = 0;
    while (p[n]) {
        unsigned c = p[n];
        unsigned more = c < 0x80 ? 0 : (c >> 5) == 6 ? 1 : (c >> 4) == 14 ? 2 : (c >> 3) == 30 ? 3 : 4;
        if (more == 4)
            return false;
        uint32_t cp = more == 0 ? c : c & (0x3Fu >> more);
        for (unsigned i = 1; i <= more; i++) {
            if ((p[n + i] & 0xC0) != 0x80)
                return false;
            cp = cp << 6 | (p[n + i] & 0x3Fu);
        }
        if (cp < least[more] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
            return false;
        if (cp < 0x20 || (cp >= 0x7F && cp <= 0x9F))
            return false;
        n += more + 1;
        if (n > max)
            return false;
    }
    return true;
}
