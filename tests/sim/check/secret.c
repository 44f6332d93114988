/* SECRECY: no secret stands in a line that anybody reads, in hex or base64. */
#include <sodium.h>
#include <string.h>

#include "sim/check/state.h"

enum { HEX_LEN = 64, BASE64_LEN = 43 };

static bool in_run(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
}

static bool is_secret(const struct sim_check *c, const char *text, size_t len)
{
    uint8_t bytes[33];
    size_t got = 0;
    for (size_t at = 0; at + HEX_LEN <= len; at++)
        if (sodium_hex2bin(bytes, 32, text + at, HEX_LEN, NULL, &got, NULL) == 0 && got == 32 &&
            check_secret(c, bytes))
            return true;
    for (size_t at = 0; at + BASE64_LEN <= len; at++)
        if (sodium_base642bin(bytes, 33, text + at, BASE64_LEN, NULL, &got, NULL,
                              sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
            got == 32 && check_secret(c, bytes))
            return true;
    return false;
}

void sim_check_line(struct sim_world *w, const char *who, const char *line)
{
    size_t run = 0;
    for (const char *at = line;; at++) {
        if (in_run(*at)) {
            run++;
            continue;
        }
        if (run >= BASE64_LEN && is_secret(w->check, at - run, run))
            sim_violate(w, SIM_P_SECRECY, "a line of %s has a secret in it", who);
        run = 0;
        if (!*at)
            return;
    }
}
