/* The loop: an epoll set of lines, a clock in nanoseconds, and scripts that wait for something to become
 * true. One thread. A script reads like the story it tells: do this, run until that. */
#ifndef KR_LOAD_ENGINE_H
#define KR_LOAD_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "load/line.h"

#define KR_NS_PER_MS UINT64_C(1000000)
#define KR_NS_PER_S  UINT64_C(1000000000)

struct kr_load {
    int epoll;
    struct kr_line *lines; /* owned; fixed once made: handlers keep pointers */
    size_t line_count;
    struct kr_line **dirty; /* with something to write */
    size_t dirty_count;
    /* Called when `due_ns` has come; sets the next one. May be NULL. */
    void (*tick)(void *arg);
    void *tick_arg;
    uint64_t due_ns;
    bool failed;
    char why[512]; /* once failed */
};

uint64_t kr_now_ns(void); /* CLOCK_MONOTONIC, the same for all processes of the machine */

/* `count` lines, none open. KR_E_IO. */
int kr_load_init(struct kr_load *load, size_t count);
void kr_load_done(struct kr_load *load);

/* Opens lines first to first + count and logs in, a few at a time: a crowd at the door is not what is
 * measured. KR_E_IO, with load->why. */
int kr_load_connect(struct kr_load *load, const struct kr_line_config *config, size_t first, size_t count);

void kr_load_send(struct kr_load *load, struct kr_line *line, const char *xml, size_t len);

/* Ends what runs, with a reason. */
void kr_load_fail(struct kr_load *load, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds to the reason of a failure. */
void kr_load_explain(struct kr_load *load, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Runs until done(arg). KR_E_IO when that is not so after `ms`, naming `what`, or when something failed. */
int kr_load_until(struct kr_load *load, bool (*done)(void *arg), void *arg, uint64_t ms, const char *what);
/* Runs up to a moment. KR_E_IO if something failed. */
int kr_load_wait(struct kr_load *load, uint64_t until_ns);

/* Sum over lines first to first + count. */
struct kr_counts kr_load_counts(const struct kr_load *load, size_t first, size_t count);

#endif
