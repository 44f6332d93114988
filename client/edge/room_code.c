#include "room_code.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

struct kr_room_code_job {
    pthread_t thread;
    int fd; /* counts up when shown is set */
    struct kr_digest roster;
    struct kr_room_code_shown shown;
};

static void *compute(void *arg)
{
    struct kr_room_code_job *job = arg;
    if (kr_room_code(&job->roster, job->shown.text) != 0)
        job->shown.text[0] = '\0';
    (void)eventfd_write(job->fd, 1);
    return NULL;
}

struct kr_room_code_job *kr_room_code_start(const struct kr_digest *roster, size_t devices)
{
    struct kr_room_code_job *job = kr_calloc(1, sizeof(*job));
    job->roster = *roster;
    job->shown.devices = devices;
    job->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->fd < 0 || pthread_create(&job->thread, NULL, compute, job) != 0) {
        if (job->fd >= 0)
            close(job->fd);
        free(job);
        return NULL;
    }
    return job;
}

int kr_room_code_fd(const struct kr_room_code_job *job)
{
    return job ? job->fd : -1;
}

struct kr_room_code_shown kr_room_code_finish(struct kr_room_code_job *job)
{
    pthread_join(job->thread, NULL);
    struct kr_room_code_shown shown = job->shown;
    close(job->fd);
    free(job);
    return shown;
}
