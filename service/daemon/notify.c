#include "daemon/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#include <time.h>

static void say(const char *state)
{
    (void)sd_notify(0, state);
}

uint64_t kr_notify_interval_ms(void)
{
    uint64_t us = 0;

    return sd_watchdog_enabled(0, &us) > 0 ? us / 2000 : 0;
}

void kr_notify_reloading(void)
{
    struct timespec ts;
    char state[96];

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
                   (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000);
    say(state);
}
#else
static void say(const char *state)
{
    (void)state;
}

uint64_t kr_notify_interval_ms(void)
{
    return 0;
}

void kr_notify_reloading(void)
{
}
#endif

void kr_notify_ready(void)
{
    say("READY=1");
}

void kr_notify_stopping(void)
{
    say("STOPPING=1");
}

void kr_notify_alive(void)
{
    say("WATCHDOG=1");
}

void kr_notify_status(const char *fmt, ...)
{
    char text[400], state[416];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)snprintf(state, sizeof(state), "STATUS=%s", text);
    say(state);
}

bool kr_notify_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long dev, ino;
    struct stat st;

    if (!stream || fstat(STDERR_FILENO, &st) != 0)
        return false;
    char *colon = NULL;
    dev = strtoull(stream, &colon, 10);
    if (*colon != ':')
        return false;
    ino = strtoull(colon + 1, NULL, 10);
    return dev == (unsigned long long)st.st_dev && ino == (unsigned long long)st.st_ino;
}
