/* The configuration file: what it means, and that each mistake is named with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/config.h"

#define MINIMAL "jid = keyroom.example.org\nmuc = conference.example.org\n"

static int read_len(const char *text, size_t len, char *errmsg, struct kr_config *c)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
    int err;

    assert_non_null(in);
    err = kr_config_read(in, "k.conf", errmsg, c);
    (void)fclose(in);
    return err;
}

static int read_text(const char *text, char *errmsg, struct kr_config *c)
{
    return read_len(text, strlen(text), errmsg, c);
}

static void minimal_has_the_defaults(void **state)
{
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_config c;

    (void)state;
    assert_int_equal(read_text(MINIMAL, errmsg, &c), 0);
    assert_string_equal(c.jid, "keyroom.example.org");
    assert_string_equal(c.host, "127.0.0.1");
    assert_int_equal(c.port, 5347);
    assert_string_equal(c.database, "/var/lib/keyroom/keyroom.db");
    assert_string_equal(c.secret_file, "");
    assert_string_equal(c.nick, "keyroom");
    assert_int_equal(c.muc.len, 1);
    assert_int_equal(c.room.len, 0);
    assert_int_equal(kr_config_log_level(&c), KR_LOG_INFO);
    assert_int_equal(c.room_count, 1);
    assert_string_equal(c.rooms[0].glob, "*");
    assert_int_equal(c.rooms[0].rotate_s, 900);
    assert_int_equal(c.rooms[0].suite, 4);
    kr_config_done(&c);
}

static void comments_spaces_and_lists(void **state)
{
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_config c;

    (void)state;
    assert_int_equal(read_text("# head\r\n\n  jid=k.x   # the name\r\n\tmuc = a.x\nmuc = *.y\nnick = a#b c\n"
                               "room = r@a.x\nroom = s@b.y\nmetrics-listen =\nlog-level = debug",
                               errmsg, &c),
                     0);
    assert_string_equal(c.jid, "k.x");
    assert_string_equal(c.nick, "a#b c");
    assert_int_equal(c.muc.len, 2);
    assert_string_equal(c.muc.v[1], "*.y");
    assert_string_equal(c.room.v[1], "s@b.y");
    assert_string_equal(c.metrics_listen, "");
    assert_int_equal(kr_config_log_level(&c), KR_LOG_DEBUG);
    kr_config_done(&c);
}

#define WITNESS "witness.example.org+0ea12664+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define LOG_KEY "kms.example.org/audit+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

static void the_log_is_kept_and_witnessed_as_told(void **state)
{
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_settings s;
    struct kr_config c;

    (void)state;
    assert_int_equal(read_text(MINIMAL "witness = " WITNESS "   https://witness.example.org/a/\n"
                                       "witness = " WITNESS
                                       " http://[::1]:8080\nkeep-names = 0\nkeep-guests = 7\n",
                               errmsg, &c),
                     0);
    assert_int_equal(c.witness.len, 2);
    assert_int_equal(c.witness_interval_s, 10);
    kr_config_settings(&c, &s);
    kr_config_done(&c);
    assert_true(s.witnessed);
    assert_int_equal(s.keep_names_ms, 0);
    assert_int_equal(s.keep_evidence_ms, 365 * 86400000ULL);
    assert_int_equal(s.keep_guests_ms, 7 * 86400000ULL);
    kr_settings_done(&s);
}

static void sections_inherit_from_the_star(void **state)
{
    char errmsg[KR_CONFIG_ERR] = "";
    const struct kr_room_settings *r;
    struct kr_settings s;
    struct kr_config c;

    (void)state;
    assert_int_equal(read_text(MINIMAL
                               "[room \"board@*\"]\nauthorise = registered\n[room \"*\"]\nrotate = 60\n"
                               "authorise = members\n[room \"j@*\"]\nformat = jframe\napproval = owners\n",
                               errmsg, &c),
                     0);
    kr_config_settings(&c, &s);
    kr_config_done(&c);
    assert_int_equal(s.room_settings_count, 3);
    r = kr_settings_room(&s, "board@conference.example.org");
    assert_string_equal(r->glob, "board@*");
    assert_int_equal(r->policy.authorise, KR_AUTHORISE_REGISTERED);
    assert_int_equal(r->policy.rotate_s, 60);
    assert_int_equal(r->policy.suite, 4);
    r = kr_settings_room(&s, "j@conference.example.org");
    assert_int_equal(r->policy.authorise, KR_AUTHORISE_MEMBERS);
    assert_int_equal(r->policy.format, KR_FORMAT_JFRAME);
    assert_int_equal(r->policy.approval, KR_APPROVAL_OWNERS);
    assert_int_equal(r->policy.suite, 0);
    r = kr_settings_room(&s, "other@conference.example.org");
    assert_string_equal(r->glob, "*");
    assert_int_equal(r->deadline_ms, 2000);
    assert_int_equal(r->deadline_member_ms, 10);
    assert_int_equal(r->coalesce_ms, 200);
    assert_int_equal(r->coalesce_max_ms, 1000);
    kr_settings_done(&s);
}

static const struct {
    const char *text, *says;
} mistakes[] = {
    {"muc = a.x\n", "k.conf: jid is missing"},
    {"jid = k.x\n", "k.conf: muc is missing"},
    {MINIMAL "colour = red\n", "k.conf:3: unknown option colour"},
    {MINIMAL "jid = other.x\n", "k.conf:3: jid was set already, in line 1"},
    {MINIMAL "\n# c\nport = 0\n", "k.conf:5: port is a whole number from 1 to 65535"},
    {MINIMAL "port = 65536\n", "k.conf:3: port is a whole number"},
    {MINIMAL "port = 99999999999999999999\n", "k.conf:3: port is a whole number"},
    {MINIMAL "port = 5347x\n", "k.conf:3: port is a whole number"},
    {MINIMAL "port = -1\n", "k.conf:3: port is a whole number"},
    {MINIMAL "port =\n", "k.conf:3: port is a whole number"},
    {MINIMAL "nick =\n", "k.conf:3: nick must not be empty"},
    {MINIMAL "muc =\n", "k.conf:3: muc must not be empty"},
    {MINIMAL "nick = a\x01z\n", "k.conf:3: the line is too long, or is not UTF-8"},
    {MINIMAL "nick = \xff\n", "k.conf:3: the line is too long, or is not UTF-8"},
    {MINIMAL "log-level = loud\n", "k.conf:3: log-level is one of: error warning info debug"},
    {MINIMAL "database = keyroom.db\n", "k.conf:3: database is an absolute path"},
    {MINIMAL "metrics-listen = 0.0.0.0:9475\n", "k.conf:3: metrics-listen is a loopback address"},
    {MINIMAL "metrics-listen = 192.0.2.1:9475\n", "k.conf:3: metrics-listen is a loopback address"},
    {MINIMAL "metrics-listen = [::]:9475\n", "k.conf:3: metrics-listen is a loopback address"},
    {MINIMAL "metrics-listen = localhost:9475\n", "k.conf:3: metrics-listen is a loopback address"},
    {MINIMAL "metrics-listen = 127.0.0.1\n", "k.conf:3: metrics-listen is a loopback address"},
    {MINIMAL "room = conference.example.org\n", "k.conf:3: room is the bare JID of a room"},
    {MINIMAL "room = r@conference.example.org/nick\n", "k.conf:3: room is the bare JID of a room"},
    {MINIMAL "room = r@other.example.org\n",
     "k.conf:3: room r@other.example.org is of no domain named with muc"},
    {"jid = a@k.x\nmuc = a.x\n", "k.conf:1: jid is a domain"},
    {MINIMAL "just words\n", "k.conf:3: a line is `name = value`"},
    {MINIMAL "= value\n", "k.conf:3: a line is `name = value`"},
    {MINIMAL "rotate = 60\n", "k.conf:3: rotate belongs into a [room \"GLOB\"] section"},
    {MINIMAL "[room \"*\"]\nport = 1\n", "k.conf:4: port belongs before the first section"},
    {MINIMAL "[room \"*\"]\n[room \"*\"]\n", "k.conf:4: a second section [room \"*\"]"},
    {MINIMAL "[room *]\n", "k.conf:3: a section is written [room \"GLOB\"]"},
    {MINIMAL "[room \"\"]\n", "k.conf:3: a section is written [room \"GLOB\"]"},
    {MINIMAL "[rooms \"*\"]\n", "k.conf:3: a section is written [room \"GLOB\"]"},
    {MINIMAL "[room \"*\"]\nauthorise = trusted\n",
     "k.conf:4: authorise is one of: occupants members registered"},
    {MINIMAL "[room \"*\"]\nsource = nobody\n",
     "k.conf:4: source is one of: participants leader passphrase service"},
    {MINIMAL "[room \"*\"]\nsuite = 6\n", "k.conf:4: suite is a whole number from 1 to 5"},
    {MINIMAL "[room \"*\"]\nsuite = 1\nformat = jframe\n", "k.conf:4: suite is for format sframe"},
    {MINIMAL "[room \"*\"]\nrotate = 60\nrotate = 61\n", "k.conf:5: rotate was set already, in line 4"},
    {MINIMAL "witness = " WITNESS "\n", "k.conf:3: witness is a key and an address"},
    {MINIMAL "witness = https://witness.example.org\n", "k.conf:3: witness is a key and an address"},
    {MINIMAL "witness = x" WITNESS " https://witness.example.org\n",
     "k.conf:3: witness is a key and an address"},
    {MINIMAL "witness = " LOG_KEY " https://witness.example.org\n", "k.conf:3: witness has the key of a log"},
    {MINIMAL "witness = " WITNESS " witness.example.org\n", "k.conf:3: witness ends with an address"},
    {MINIMAL "witness = " WITNESS " ftp://witness.example.org\n", "k.conf:3: witness ends with an address"},
    {MINIMAL "witness = " WITNESS " https://\n", "k.conf:3: witness ends with an address"},
    {MINIMAL "witness = " WITNESS " https://w.example.org/?log=1\n",
     "k.conf:3: witness ends with an address"},
    {MINIMAL "witness-interval = 0\n", "k.conf:3: witness-interval is a whole number from 1"},
    {MINIMAL "keep-names = forever\n", "k.conf:3: keep-names is a whole number from 0"},
    {MINIMAL "[room \"*\"]\ncoalesce = 2000\n", "k.conf:4: coalesce-max is below coalesce"},
};

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
        char errmsg[KR_CONFIG_ERR] = "";
        struct kr_config c = {0};

        assert_int_equal(read_text(mistakes[i].text, errmsg, &c), KR_E_CONFIG);
        if (strncmp(errmsg, mistakes[i].says, strlen(mistakes[i].says)) != 0)
            fail_msg("case %zu: \"%s\" where \"%s\" was due", i, errmsg, mistakes[i].says);
        assert_null(c.path);
    }
}

static void nul_bytes_are_refused(void **state)
{
    static const char text[] = MINIMAL "nick = a\0b\n";
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_config c;

    (void)state;
    assert_int_equal(read_len(text, sizeof(text) - 1, errmsg, &c), KR_E_CONFIG);
    assert_string_equal(errmsg, "k.conf:3: a NUL byte");
}

static void too_many_of_a_list_are_refused(void **state)
{
    char text[4096] = MINIMAL, errmsg[KR_CONFIG_ERR] = "";
    struct kr_config c;
    size_t len = strlen(text);

    (void)state;
    for (int i = 0; i < 64; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "muc = m%d.x\n", i);
    assert_int_equal(read_text(text, errmsg, &c), KR_E_CONFIG);
    assert_string_equal(errmsg, "k.conf:66: more than 64 lines of muc");
}

static void missing_file(void **state)
{
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_config c;

    (void)state;
    assert_int_equal(kr_config_load("/nonexistent/k.conf", errmsg, &c), KR_E_CONFIG);
    assert_string_equal(errmsg, "/nonexistent/k.conf: cannot be opened: No such file or directory");
}

static void collect(void *arg, const char *name)
{
    size_t len = strlen(arg);

    (void)snprintf((char *)arg + len, 200 - len, "%s ", name);
}

static void fixed_options_stay(void **state)
{
    char errmsg[KR_CONFIG_ERR] = "", names[200] = "";
    struct kr_config running, fresh;

    (void)state;
    assert_int_equal(read_text(MINIMAL, errmsg, &running), 0);
    assert_int_equal(read_text("jid = other.x\nmuc = m.x\nport = 1\ninviter = *\n", errmsg, &fresh), 0);
    kr_config_keep_fixed(&running, &fresh, collect, names);
    assert_string_equal(names, "jid port ");
    assert_string_equal(fresh.jid, "keyroom.example.org");
    assert_int_equal(fresh.port, 5347);
    assert_string_equal(fresh.muc.v[0], "m.x");
    assert_int_equal(fresh.inviter.len, 1);
    kr_config_done(&running);
    kr_config_done(&fresh);
}

/* --- secrets --- */

struct folder {
    char path[64], secret[96], seal[96], text[512];
};

static void put(const char *path, const void *bytes, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static const char hex_key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

static int setup(void **state)
{
    struct folder *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    (void)snprintf(f->path, sizeof(f->path), "/tmp/keyroom-config-XXXXXX");
    if (!mkdtemp(f->path)) {
        free(f);
        return -1;
    }
    (void)snprintf(f->secret, sizeof(f->secret), "%s/component-secret", f->path);
    (void)snprintf(f->seal, sizeof(f->seal), "%s/seal-key", f->path);
    (void)snprintf(f->text, sizeof(f->text), MINIMAL "secret-file = %s\nseal-key-file = %s\n", f->secret,
                   f->seal);
    put(f->secret, "hush\n", 5, 0600);
    put(f->seal, hex_key, sizeof(hex_key) - 1, 0400);
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct folder *f = *state;

    (void)unlink(f->secret);
    (void)unlink(f->seal);
    (void)rmdir(f->path);
    free(f);
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static int load(const char *text, char *errmsg, struct kr_secrets *s)
{
    struct kr_config c;
    int err;

    assert_int_equal(read_text(text, errmsg, &c), 0);
    err = kr_secrets_load(&c, errmsg, s);
    kr_config_done(&c);
    return err;
}

static void secrets_from_files(void **state)
{
    struct folder *f = *state;
    char errmsg[KR_CONFIG_ERR] = "";
    uint8_t raw[32] = {7, 0, '\n'};
    struct kr_secrets s;

    assert_int_equal(load(f->text, errmsg, &s), 0);
    assert_int_equal(s.component.len, 4);
    assert_memory_equal(s.component.ptr, "hush", 4);
    assert_int_equal(s.seal_key.len, 32);
    assert_int_equal(s.seal_key.ptr[31], 0xff);
    kr_secrets_done(&s);
    raw[31] = '\n'; /* a raw key may end like a line */
    put(f->seal, raw, sizeof(raw), 0600);
    assert_int_equal(chmod(f->seal, 0600), 0);
    assert_int_equal(load(f->text, errmsg, &s), 0);
    assert_memory_equal(s.seal_key.ptr, raw, sizeof(raw));
    kr_secrets_done(&s);
}

static void secrets_from_credentials(void **state)
{
    struct folder *f = *state;
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_secrets s;

    assert_int_equal(load(MINIMAL, errmsg, &s), KR_E_CONFIG);
    assert_string_equal(
        errmsg, "k.conf: secret-file is missing, and there is no systemd credential component-secret");
    assert_int_equal(chmod(f->secret, 0440), 0); /* what systemd's ACL looks like */
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->path, 1), 0);
    assert_int_equal(load(MINIMAL, errmsg, &s), 0);
    assert_memory_equal(s.component.ptr, "hush", 4);
    kr_secrets_done(&s);
}

static void open_secret_files_are_refused(void **state)
{
    struct folder *f = *state;
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_secrets s;

    assert_int_equal(chmod(f->secret, 0640), 0);
    assert_int_equal(load(f->text, errmsg, &s), KR_E_CONFIG);
    assert_int_equal(strncmp(errmsg, "k.conf:3: secret-file: ", 23), 0);
    assert_non_null(strstr(errmsg, "others may access it"));
    assert_int_equal(chmod(f->secret, 0600), 0);
    assert_int_equal(chmod(f->seal, 0604), 0);
    assert_int_equal(load(f->text, errmsg, &s), KR_E_CONFIG);
    assert_int_equal(strncmp(errmsg, "k.conf:4: seal-key-file: ", 25), 0);
    assert_int_equal(unlink(f->seal), 0);
    assert_int_equal(load(f->text, errmsg, &s), KR_E_CONFIG);
    assert_non_null(strstr(errmsg, "No such file"));
}

static void bad_secrets_are_refused(void **state)
{
    struct folder *f = *state;
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_secrets s;

    put(f->secret, "\n", 1, 0600);
    assert_int_equal(load(f->text, errmsg, &s), KR_E_CONFIG);
    assert_non_null(strstr(errmsg, "must hold one line"));
    put(f->secret, "a\nb\n", 4, 0600);
    assert_int_equal(load(f->text, errmsg, &s), KR_E_CONFIG);
    put(f->secret, "a\n", 2, 0600);
    assert_int_equal(chmod(f->seal, 0600), 0);
    put(f->seal, hex_key, sizeof(hex_key) - 3, 0600);
    assert_int_equal(load(f->text, errmsg, &s), KR_E_CONFIG);
    assert_non_null(strstr(errmsg, "64 hex digits"));
    put(f->seal, "0g112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 64, 0600);
    assert_int_equal(load(f->text, errmsg, &s), KR_E_CONFIG);
    assert_non_null(strstr(errmsg, "64 hex digits"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minimal_has_the_defaults),
        cmocka_unit_test(comments_spaces_and_lists),
        cmocka_unit_test(the_log_is_kept_and_witnessed_as_told),
        cmocka_unit_test(sections_inherit_from_the_star),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(too_many_of_a_list_are_refused),
        cmocka_unit_test(missing_file),
        cmocka_unit_test(fixed_options_stay),
        cmocka_unit_test_setup_teardown(secrets_from_files, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_from_credentials, setup, teardown),
        cmocka_unit_test_setup_teardown(open_secret_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_secrets_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
