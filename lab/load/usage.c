#include "load/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads a small file of /proc; out is NUL-terminated. */
static bool read_small(const char *path, char *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, out, cap - 1);
    close(fd);
    if (n < 0)
        return false;
    out[n] = '\0';
    return true;
}

static bool is_number(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

uint64_t kr_usage_cpu_ns(pid_t pid)
{
    char path[64], text[128];
    uint64_t sum = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    for (const struct dirent *e; tasks && (e = readdir(tasks));) {
        char task[96];
        if (!is_number(e->d_name))
            continue;
        (void)snprintf(task, sizeof(task), "/proc/%d/task/%.16s/schedstat", (int)pid, e->d_name);
        if (read_small(task, text, sizeof(text)))
            sum += strtoull(text, NULL, 10);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}

/* A line of /proc/PID/status in bytes. */
static uint64_t status(pid_t pid, const char *name)
{
    char path[64], text[8192];
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    const char *line = read_small(path, text, sizeof(text)) ? strstr(text, name) : NULL;
    return line ? strtoull(line + strlen(name), NULL, 10) * 1024 : 0; /* kB */
}

uint64_t kr_usage_peak(pid_t pid)
{
    return status(pid, "\nVmHWM:");
}

uint64_t kr_usage_resident(pid_t pid)
{
    return status(pid, "\nVmRSS:");
}

bool kr_usage_reset_peak(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, "5", 1) == 1;
    if (fd >= 0)
        close(fd);
    return done;
}
