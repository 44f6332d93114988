#include "device/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "io/file.h"
#include "io/seal.h"

/* The file: sealed( 32 bytes of a key of its own || libolm's pickle under that key ). */
enum { PICKLE_KEY_LEN = 32, FILE_MAX = 65536, ERRMSG_LEN = 256 };

static int load(const char *path, const struct kr_secret *seal_key, const char *purpose, char *errmsg,
                struct kr_olm_account **ret_account)
{
    struct kr_secret sealed = KR_SECRET_NONE, plain = KR_SECRET_NONE, key = KR_SECRET_NONE,
                     pickle = KR_SECRET_NONE;
    int err = kr_file_read_secret(path, FILE_MAX, 1, errmsg, &sealed);
    if (err)
        goto out;
    err = kr_unseal(seal_key, purpose, kr_secret_span(&sealed), &plain);
    if (!err && plain.len <= PICKLE_KEY_LEN)
        err = KR_E_SEALED;
    if (!err) {
        kr_secret_set(&key, plain.ptr, PICKLE_KEY_LEN);
        kr_secret_set(&pickle, plain.ptr + PICKLE_KEY_LEN, plain.len - PICKLE_KEY_LEN);
        err = kr_olm_account_unpickle(&pickle, &key, ret_account);
    }
    if (err)
        snprintf(errmsg, ERRMSG_LEN, "%s: %s", path, kr_strerror(err));
out:
    kr_secret_done(&sealed);
    kr_secret_done(&plain);
    kr_secret_done(&key);
    kr_secret_done(&pickle);
    return err;
}

static int save(const char *path, const struct kr_secret *seal_key, const char *purpose,
                const struct kr_random *random, struct kr_olm_account *account, char *errmsg)
{
    struct kr_secret key = KR_SECRET_NONE, pickle = KR_SECRET_NONE, plain = KR_SECRET_NONE;
    struct kr_buf sealed;
    kr_buf_init(&sealed, FILE_MAX);
    kr_secret_alloc(&key, PICKLE_KEY_LEN);
    kr_random_fill(random, key.ptr, key.len);
    int err = kr_olm_account_pickle(account, &key, &pickle);
    if (err) {
        snprintf(errmsg, ERRMSG_LEN, "%s: %s", path, kr_strerror(err));
        goto out;
    }
    kr_secret_alloc(&plain, key.len + pickle.len);
    memcpy(plain.ptr, key.ptr, key.len);
    memcpy(plain.ptr + key.len, pickle.ptr, pickle.len);
    kr_seal(seal_key, random, purpose, &plain, &sealed);
    err = kr_file_write_private(path, kr_buf_span(&sealed), errmsg);
out:
    kr_buf_done(&sealed);
    kr_secret_done(&key);
    kr_secret_done(&pickle);
    kr_secret_done(&plain);
    return err;
}

int kr_device_open(const char *path, const struct kr_secret *seal_key, const char *purpose,
                   const struct kr_random *random, char *errmsg, struct kr_olm_account **ret_account,
                   bool *ret_made)
{
    struct kr_olm_account *account = NULL;
    bool made = access(path, F_OK) != 0;
    int err = made ? kr_olm_account_new(random, &account) : load(path, seal_key, purpose, errmsg, &account);
    if (err && made)
        snprintf(errmsg, ERRMSG_LEN, "%s: %s", path, kr_strerror(err));
    if (!err && made)
        err = save(path, seal_key, purpose, random, account, errmsg);
    if (!err) {
        *ret_made = made;
        *ret_account = account;
        account = NULL; /* transferred */
    }
    kr_olm_account_free(account);
    return err;
}
