#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { ERRMSG_LEN = 256 };

static int read_all(int fd, struct kr_secret *buf, size_t *ret_len)
{
    size_t len = 0;
    while (len < buf->len) {
        ssize_t n = read(fd, buf->ptr + len, buf->len - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return KR_E_IO;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}

int kr_file_read_secret(const char *path, size_t max, int private_only, char *errmsg,
                        struct kr_secret *ret_secret)
{
    struct kr_secret buf = KR_SECRET_NONE;
    struct stat st;
    size_t len = 0;
    int err = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(errmsg, ERRMSG_LEN, "%s: cannot be read: %s", path, strerror(errno));
        err = KR_E_IO;
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(errmsg, ERRMSG_LEN, "%s: is not a regular file", path);
        err = KR_E_CONFIG;
        goto out;
    }
    if (private_only && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        snprintf(errmsg, ERRMSG_LEN, "%s: others may access it (mode %03o); run chmod 600 on it", path,
                 (unsigned)(st.st_mode & 0777));
        err = KR_E_CONFIG;
        goto out;
    }
    kr_secret_alloc(&buf, max + 1);
    err = read_all(fd, &buf, &len);
    if (err) {
        snprintf(errmsg, ERRMSG_LEN, "%s: cannot be read: %s", path, strerror(errno));
        goto out;
    }
    if (len > max) {
        snprintf(errmsg, ERRMSG_LEN, "%s: is larger than %zu bytes; is it the right file?", path, max);
        err = KR_E_CONFIG;
        goto out;
    }
    kr_secret_set(ret_secret, buf.ptr, len);
out:
    kr_secret_done(&buf);
    if (fd >= 0)
        close(fd);
    return err;
}

int kr_file_read_line_secret(const char *path, size_t max, char *errmsg, struct kr_secret *ret_secret)
{
    struct kr_secret whole = KR_SECRET_NONE;
    int err = kr_file_read_secret(path, max + 2, 1, errmsg, &whole);
    if (err)
        return err;
    size_t len = whole.len;
    if (len && whole.ptr[len - 1] == '\n')
        len--;
    if (len && whole.ptr[len - 1] == '\r')
        len--;
    if (len == 0 || len > max) {
        snprintf(errmsg, ERRMSG_LEN, "%s: must hold one line of 1 to %zu bytes", path, max);
        err = KR_E_CONFIG;
    } else {
        kr_secret_set(ret_secret, whole.ptr, len);
    }
    kr_secret_done(&whole);
    return err;
}

static int write_all(int fd, struct kr_span bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return KR_E_IO;
        bytes = kr_span(bytes.ptr + n, bytes.len - (size_t)n);
    }
    return fsync(fd) == 0 ? 0 : KR_E_IO;
}

int kr_file_sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, sizeof(folder), ".");
    else
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash == path ? 1 : slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return KR_E_IO;
    int err = fsync(fd) == 0 ? 0 : KR_E_IO;
    close(fd);
    return err;
}

int kr_file_write_private(const char *path, struct kr_span bytes, char *errmsg)
{
    char temp[PATH_MAX];
    int n = snprintf(temp, sizeof(temp), "%s.%ld.tmp", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof(temp)) {
        snprintf(errmsg, ERRMSG_LEN, "%.100s...: the path is too long", path);
        return KR_E_IO;
    }
    unlink(temp); /* of a process of our number that died */
    int err = KR_E_IO;
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        goto out;
    err = write_all(fd, bytes);
    if (close(fd) != 0 && !err)
        err = KR_E_IO;
    if (!err && rename(temp, path) != 0)
        err = KR_E_IO;
    if (!err)
        err = kr_file_sync_folder(path);
out:
    if (err) {
        snprintf(errmsg, ERRMSG_LEN, "%s: cannot be written: %s", path, strerror(errno));
        unlink(temp);
    }
    return err;
}
