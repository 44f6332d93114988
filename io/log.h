/* One line per decision: `what -> outcome (why)`, to stderr, with a level; under systemd with its priority
 * prefix. A line is one line whatever a peer put into a value: control characters and bytes that are not
 * UTF-8 are replaced, and secrets have no way in, since struct kr_secret has no printable form. */
#ifndef KR_IO_LOG_H
#define KR_IO_LOG_H

enum kr_log_level {
    KR_LOG_ERROR = 3,
    KR_LOG_WARN = 4,
    KR_LOG_INFO = 6,
    KR_LOG_DEBUG = 7
}; /* syslog's numbers */

/* Lines above `level` are dropped. journal: write "<N>" prefixes and no time stamp (sd-daemon(3)). */
void kr_log_setup(enum kr_log_level level, int journal);
/* A line longer than 2,000 bytes is cut, and says so. Control characters (a line break too) are written as
 * \xNN. */
void kr_log(enum kr_log_level level, const char *line);
void kr_logf(enum kr_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
