#include "daemon/sandbox.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"

int kr_sandbox_enter(void)
{
    const struct rlimit none = {0, 0};

    (void)umask(0077);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return KR_E_IO;
    return 0;
}

int kr_sandbox_lock(const struct kr_secret *secret)
{
    return mlock(secret->ptr, secret->len) == 0 ? 0 : KR_E_IO;
}
