#include "identity.h"

#include <stdio.h>

#include "base/err.h"
#include "device/device.h"
#include "io/seal.h"

enum { ERRMSG_LEN = 256 };

int kr_identity_open(const char *path, const char *key_path, const struct kr_random *random, char *errmsg,
                     struct kr_olm_account **ret_account)
{
    if (!path) {
        int err = kr_olm_account_new(random, ret_account);
        if (err)
            snprintf(errmsg, ERRMSG_LEN, "no device identity: %s", kr_strerror(err));
        return err;
    }
    struct kr_secret seal_key = KR_SECRET_NONE;
    bool made;
    int err = kr_seal_key_read(key_path, errmsg, &seal_key);
    if (!err)
        err = kr_device_open(path, &seal_key, "keyroom-peer:identity:1", random, errmsg, ret_account, &made);
    kr_secret_done(&seal_key);
    return err;
}
