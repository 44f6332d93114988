#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/options.h"
#include "io/file.h"
#include "io/seal.h"

enum { SECRET_MAX = 1024, IO_ERR = 256 };

/* Where a secret is to be read. systemd guards the files of its credentials by its own means (an ACL shows as
 * a group bit in their mode), so their mode says nothing. */
static int find(const struct kr_config *c, enum kr_option_index option, const char *configured,
                const char *credential, char path[static 4200], bool *ret_private_only,
                char errmsg[static KR_CONFIG_ERR])
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    if (*configured) {
        (void)snprintf(path, 4200, "%s", configured);
        *ret_private_only = true;
        return 0;
    }
    if (!folder || strlen(folder) > 4096) {
        (void)snprintf(errmsg, KR_CONFIG_ERR, "%s: %s is missing, and there is no systemd credential %s",
                       c->path, kr_options[option].name, credential);
        return KR_E_CONFIG;
    }
    (void)snprintf(path, 4200, "%s/%s", folder, credential);
    *ret_private_only = false;
    return 0;
}

static int read_bytes(const struct kr_config *c, enum kr_option_index option, const char *path,
                      bool private_only, char errmsg[static KR_CONFIG_ERR], struct kr_secret *ret_bytes)
{
    char why[IO_ERR] = "";
    int err = kr_file_read_secret(path, SECRET_MAX, private_only, why, ret_bytes);

    if (!err)
        return 0;
    if (c->line[option])
        (void)snprintf(errmsg, KR_CONFIG_ERR, "%s:%u: %s: %s", c->path, c->line[option],
                       kr_options[option].name, why);
    else
        (void)snprintf(errmsg, KR_CONFIG_ERR, "%s: credential for %s: %s", c->path, kr_options[option].name,
                       why);
    return KR_E_CONFIG;
}

static size_t without_newline(const struct kr_secret *s)
{
    size_t len = s->len;

    if (len && s->ptr[len - 1] == '\n')
        len--;
    if (len && s->ptr[len - 1] == '\r')
        len--;
    return len;
}

static int load_component(const struct kr_config *c, char errmsg[static KR_CONFIG_ERR],
                          struct kr_secret *ret_secret)
{
    struct kr_secret bytes = KR_SECRET_NONE;
    char path[4200];
    bool private_only;
    size_t len;
    int err = find(c, KR_OPT_secret_file, c->secret_file, "component-secret", path, &private_only, errmsg);

    if (!err)
        err = read_bytes(c, KR_OPT_secret_file, path, private_only, errmsg, &bytes);
    if (err)
        goto out;
    len = without_newline(&bytes);
    if (len == 0 || memchr(bytes.ptr, '\n', len) || memchr(bytes.ptr, '\0', len)) {
        (void)snprintf(errmsg, KR_CONFIG_ERR, "%s: %.300s: must hold one line, the component secret", c->path,
                       path);
        err = KR_E_CONFIG;
        goto out;
    }
    kr_secret_set(ret_secret, bytes.ptr, len);
out:
    kr_secret_done(&bytes);
    return err;
}

static int load_seal_key(const struct kr_config *c, char errmsg[static KR_CONFIG_ERR],
                         struct kr_secret *ret_key)
{
    struct kr_secret bytes = KR_SECRET_NONE, key = KR_SECRET_NONE;
    char path[4200];
    bool private_only;
    size_t len, got = 0;
    int err = find(c, KR_OPT_seal_key_file, c->seal_key_file, "seal-key", path, &private_only, errmsg);

    if (!err)
        err = read_bytes(c, KR_OPT_seal_key_file, path, private_only, errmsg, &bytes);
    if (err)
        goto out;
    kr_secret_alloc(&key, KR_SEAL_KEY_LEN);
    len = without_newline(&bytes);
    if (bytes.len == KR_SEAL_KEY_LEN) {
        memcpy(key.ptr, bytes.ptr, KR_SEAL_KEY_LEN);
        got = KR_SEAL_KEY_LEN;
    } else if (len == (size_t)2 * KR_SEAL_KEY_LEN &&
               sodium_hex2bin(key.ptr, key.len, (const char *)bytes.ptr, len, NULL, &got, NULL) != 0) {
        got = 0;
    }
    if (got != KR_SEAL_KEY_LEN) {
        (void)snprintf(errmsg, KR_CONFIG_ERR,
                       "%s: %.300s: must hold 32 bytes or 64 hex digits; make one with: openssl rand -hex 32",
                       c->path, path);
        err = KR_E_CONFIG;
        goto out;
    }
    kr_secret_move(ret_key, &key);
out:
    kr_secret_done(&bytes);
    kr_secret_done(&key);
    return err;
}

int kr_secrets_load(const struct kr_config *c, char errmsg[static KR_CONFIG_ERR],
                    struct kr_secrets *ret_secrets)
{
    struct kr_secrets s = {KR_SECRET_NONE, KR_SECRET_NONE};
    int err = load_component(c, errmsg, &s.component);

    if (!err)
        err = load_seal_key(c, errmsg, &s.seal_key);
    if (err)
        kr_secrets_done(&s);
    else
        *ret_secrets = s;
    return err;
}

void kr_secrets_done(struct kr_secrets *s)
{
    kr_secret_done(&s->component);
    kr_secret_done(&s->seal_key);
}
