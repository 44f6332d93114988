/* keyroomctl doctor: looks at an installation from outside, and says what to do about what is wrong. */
#ifndef KR_TOOLS_DOCTOR_H
#define KR_TOOLS_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Reads the configuration file and everything it names, asks keyroomd over its control socket, and the server
 * itself where keyroomd has no link to it. socket NULL: the one of the configuration. The exit status: 0 when
 * nothing is wrong. */
int kr_doctor(const char *config_path, const char *socket, bool as_json);

/* --- what its parts share --- */

struct kr_finding {
    json_t *list; /* of {check, ok, text, remedy?} */
    size_t bad;
};
/* remedy NULL: all is well. */
void kr_found(struct kr_finding *f, const char *check, const char *remedy, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

enum { KR_DOCTOR_MUCS = 64, KR_DOCTOR_VALUE = 512 };
struct kr_doctor_config { /* what of keyroom.conf is needed here; "" where it is not set */
    char jid[KR_DOCTOR_VALUE], host[KR_DOCTOR_VALUE], port[KR_DOCTOR_VALUE], secret_file[KR_DOCTOR_VALUE],
        seal_key_file[KR_DOCTOR_VALUE], database[KR_DOCTOR_VALUE], control_socket[KR_DOCTOR_VALUE];
    char muc[KR_DOCTOR_MUCS][KR_DOCTOR_VALUE];
    size_t muc_count;
};
/* False, after saying so, when there is no such file. */
bool kr_doctor_read(struct kr_finding *f, const char *path, struct kr_doctor_config *ret_config);
/* Verifies the log, if there is one. */
void kr_doctor_log(struct kr_finding *f, const struct kr_doctor_config *c);
/* Tries to be the component; says what stands in the way. Only when keyroomd has no link itself. */
void kr_doctor_probe(struct kr_finding *f, const struct kr_doctor_config *c);

#endif
