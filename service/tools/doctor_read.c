#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* "name = value" of one line, in place; comments and sections yield NULL. keyroomd itself judges the file
 * (docs/man: keyroom.conf(5)); here it is only looked into. */
static const char *split(char *line, const char **ret_name)
{
    char *equals = strchr(line, '=');
    char *end = line + strcspn(line, "\n");

    *end = '\0';
    line += strspn(line, " \t");
    if (!equals || *line == '#' || *line == '[')
        return NULL;
    *equals = '\0';
    line[strcspn(line, " \t")] = '\0';
    *ret_name = line;
    equals += 1 + strspn(equals + 1, " \t");
    while (end > equals && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    return equals;
}

static void copy(char out[static KR_DOCTOR_VALUE], const char *value)
{
    (void)snprintf(out, KR_DOCTOR_VALUE, "%s", value);
}

static void take(struct kr_doctor_config *c, const char *name, const char *value)
{
    const struct {
        const char *name;
        char *to;
    } known[] = {{"jid", c->jid},
                 {"host", c->host},
                 {"port", c->port},
                 {"secret-file", c->secret_file},
                 {"seal-key-file", c->seal_key_file},
                 {"database", c->database},
                 {"control-socket", c->control_socket}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, name) == 0)
            copy(known[i].to, value);
    }
    if (strcmp(name, "muc") == 0 && c->muc_count < KR_DOCTOR_MUCS)
        copy(c->muc[c->muc_count++], value);
}

/* A file that only its owner may read. */
static void private_file(struct kr_finding *f, const char *what, const char *path)
{
    struct stat st;

    if (!*path)
        return;
    if (stat(path, &st))
        kr_found(f, what,
                 "make the file, or name the right one in keyroom.conf; its owner is keyroomd's user",
                 "%s: %s", path, strerror(errno));
    else if (st.st_mode & 077)
        kr_found(f, what, "chmod 600 that file: whoever reads it can be the service, or open its database",
                 "%s may be read by others (mode %03o)", path, (unsigned)(st.st_mode & 0777));
    else
        kr_found(f, what, NULL, "%s is its owner's alone", path);
}

bool kr_doctor_read(struct kr_finding *f, const char *path, struct kr_doctor_config *ret_config)
{
    struct kr_doctor_config *c = ret_config;
    char line[4096];
    const char *name = NULL, *value;
    FILE *in = fopen(path, "re");

    *c = (struct kr_doctor_config){.host = "127.0.0.1",
                                   .port = "5347",
                                   .database = "/var/lib/keyroom/keyroom.db",
                                   .control_socket = "/run/keyroom/control.sock"};
    if (!in) {
        kr_found(f, "config", "install packaging/keyroom.conf.example there, or name the file with --config",
                 "%s: %s", path, strerror(errno));
        return false;
    }
    while (fgets(line, sizeof(line), in) && line[strspn(line, " \t")] != '[') {
        value = split(line, &name);
        if (value)
            take(c, name, value);
    }
    (void)fclose(in);
    if (!*c->jid || !c->muc_count)
        kr_found(f, "config", "set both: the name of the Component block, and each MUC domain that is served",
                 "%s sets no %s", path, *c->jid ? "muc" : "jid");
    else
        kr_found(f, "config", NULL, "%s is of %s, with %zu MUC domain%s", path, c->jid, c->muc_count,
                 c->muc_count == 1 ? "" : "s");
    private_file(f, "secret-file", c->secret_file);
    private_file(f, "seal-key-file", c->seal_key_file);
    struct stat st;
    if (stat(c->database, &st) == 0 && (st.st_mode & 07))
        kr_found(f, "database", "chmod o-rwx that file: names and who met whom stand in it",
                 "%s may be read by everybody (mode %03o)", c->database, (unsigned)(st.st_mode & 0777));
    return true;
}
