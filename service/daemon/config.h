/* The configuration file: `name = value` lines, `#` comments, [room "GLOB"] sections at the end. The options
 * stand in config.def and nowhere else. */
#ifndef KR_DAEMON_CONFIG_H
#define KR_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/secret.h"
#include "core/settings.h"
#include "io/log.h"

struct kr_strings { /* values of a repeatable option */
    char **v;
    size_t len, cap;
};

/* C types of the types of config.def. Named values are kept as their number. */
typedef char *kr_type_TEXT, *kr_type_JID, *kr_type_PATH, *kr_type_LISTEN;
typedef uint32_t kr_type_U32, kr_type_LEVEL, kr_type_AUTHORISE, kr_type_VERIFIED_BY, kr_type_APPROVAL,
    kr_type_SOURCE, kr_type_FORMAT;
typedef struct kr_strings kr_type_LIST, kr_type_JIDS, kr_type_WITNESSES;

enum kr_option_index {
#define KR_OPTION(name, field, type, def, min, max, flags, help) KR_OPT_##field,
#include "config.def"
    KR_OPTIONS
};
enum kr_room_option_index {
#define KR_ROOM_OPTION(name, field, type, def, min, max, flags, help) KR_ROOM_OPT_##field,
#include "config.def"
    KR_ROOM_OPTIONS
};

struct kr_config_room { /* one section */
    char *glob;
    unsigned line[KR_ROOM_OPTIONS]; /* where it was set; 0: not in this section */
#define KR_ROOM_OPTION(name, field, type, def, min, max, flags, help) kr_type_##type field;
#include "config.def"
};

struct kr_config {
    char *path;                /* of the file, for messages */
    unsigned line[KR_OPTIONS]; /* where it was set; 0: the default holds */
    struct kr_config_room *rooms;
    size_t room_count, room_cap;
#define KR_OPTION(name, field, type, def, min, max, flags, help) kr_type_##type field;
#include "config.def"
};

enum { KR_CONFIG_ERR = 512 }; /* bytes of a message */

/* Reads and checks a file. KR_E_CONFIG, and errmsg says `file:line: reason`. The config is the caller's. */
int kr_config_load(const char *path, char errmsg[static KR_CONFIG_ERR], struct kr_config *ret_config);
/* The same from an open stream; `path` is for messages. */
int kr_config_read(FILE *in, const char *path, char errmsg[static KR_CONFIG_ERR],
                   struct kr_config *ret_config);
void kr_config_done(struct kr_config *c);

/* What the core needs of it. The settings are the caller's (kr_settings_done). */
void kr_config_settings(const struct kr_config *c, struct kr_settings *ret_settings);

enum kr_log_level kr_config_log_level(const struct kr_config *c);

/* Options that only a restart can change keep the value they have in `running`; `each` is called with the
 * name of each that differs in `fresh`. */
void kr_config_keep_fixed(const struct kr_config *running, struct kr_config *fresh,
                          void (*each)(void *arg, const char *name), void *arg);

/* The two secrets, from their files or from $CREDENTIALS_DIRECTORY. */
struct kr_secrets {
    struct kr_secret component, seal_key;
};
/* KR_E_CONFIG, and errmsg says which file (and line of the configuration) and what to do. */
int kr_secrets_load(const struct kr_config *c, char errmsg[static KR_CONFIG_ERR],
                    struct kr_secrets *ret_secrets);
void kr_secrets_done(struct kr_secrets *s);

/* Splits "ADDRESS:PORT" or "[ADDRESS6]:PORT" of a loopback address. KR_E_CONFIG. */
int kr_config_listen(const char *listen, char ret_address[static 64], uint16_t *ret_port);

/* keyroom.conf(5) and the commented example, made from config.def. */
void kr_config_print_man(FILE *out);
void kr_config_print_example(FILE *out);

#endif
