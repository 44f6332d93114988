#include "io/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_LEN = 2000,            /* bytes of a line as given */
    OUT_MAX = LINE_MAX_LEN * 4 + 96 /* each byte may become \xNN; prefix and line break */
};

static enum kr_log_level max_level = KR_LOG_INFO;
static bool to_journal;

void kr_log_setup(enum kr_log_level level, int journal)
{
    max_level = level;
    to_journal = journal != 0;
}

static const char *level_name(enum kr_log_level level)
{
    switch (level) {
    case KR_LOG_ERROR:
        return "error";
    case KR_LOG_WARN:
        return "warn";
    case KR_LOG_INFO:
        return "info";
    default:
        return "debug";
    }
}

static size_t put_prefix(char *out, size_t cap, enum kr_log_level level)
{
    int n;
    if (to_journal) {
        n = snprintf(out, cap, "<%d>", (int)level);
    } else {
        struct timespec ts;
        struct tm tm;
        char day[32];
        clock_gettime(CLOCK_REALTIME, &ts);
        gmtime_r(&ts.tv_sec, &tm);
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
        n = snprintf(out, cap, "%s.%03ldZ %s ", day, ts.tv_nsec / 1000000, level_name(level));
    }
    return n > 0 ? (size_t)n : 0;
}

/* Length of the well-formed UTF-8 character at s that is not a control character, or 0. */
static size_t plain_char(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
    size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

void kr_log(enum kr_log_level level, const char *line)
{
    static const char cut[] = " [cut]";
    char out[OUT_MAX];
    if (level > max_level)
        return;
    size_t n = put_prefix(out, sizeof(out), level);
    const unsigned char *s = (const unsigned char *)line;
    const unsigned char *end = s + strnlen(line, LINE_MAX_LEN);
    while (s < end) {
        size_t len = plain_char(s);
        if (len) {
            memcpy(out + n, s, len);
            n += len;
            s += len;
        } else {
            n += (size_t)snprintf(out + n, sizeof(out) - n, "\\x%02x", *s);
            s++;
        }
    }
    if (*s) {
        memcpy(out + n, cut, sizeof(cut) - 1);
        n += sizeof(cut) - 1;
    }
    out[n++] = '\n';
    /* One write, so that lines of several processes do not mix. */
    ssize_t done;
    do
        done = write(STDERR_FILENO, out, n);
    while (done < 0 && errno == EINTR);
}

void kr_logf(enum kr_log_level level, const char *fmt, ...)
{
    char line[LINE_MAX_LEN + 2]; /* one more than is printed, so that kr_log sees the cut */
    if (level > max_level)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    kr_log(level, line);
}
