#include "io/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "io/clock.h"

int kr_loop_wait(struct pollfd *fds, size_t count, uint64_t deadline_mono_ms)
{
    for (;;) {
        int timeout = -1;
        if (deadline_mono_ms != UINT64_MAX) {
            uint64_t now = kr_mono_ms();
            uint64_t left = deadline_mono_ms > now ? deadline_mono_ms - now : 0;
            timeout = left > INT_MAX ? INT_MAX : (int)left;
        }
        if (poll(fds, (nfds_t)count, timeout) >= 0)
            return 0;
        if (errno != EINTR)
            return KR_E_IO;
    }
}

int kr_loop_signals(int *ret_fd)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    /* SIGXFSZ: a limit on the size of files is then an error of the write, which the store knows how to tell.
     */
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0 ||
        sigaction(SIGXFSZ, &ignore, NULL) != 0)
        return KR_E_IO;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return KR_E_IO;
    *ret_fd = fd;
    return 0;
}

int kr_loop_next_signal(int fd)
{
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
