/* The service's own device (docs/protocol.md 5.15): from its file to a participant. */
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "daemon/daemon.h"
#include "device/device.h"
#include "io/log.h"
#include "io/random.h"

static bool is_wanted(const struct kr_config *c)
{
    struct kr_settings s;
    bool wanted = false;

    kr_config_settings(c, &s);
    for (size_t i = 0; i < s.room_settings_count; i++)
        wanted = wanted || s.room_settings[i].policy.source == KR_SOURCE_SERVICE;
    kr_settings_done(&s);
    return wanted;
}

static uint64_t thread_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static const char *hint(int err)
{
    switch (err) {
    case KR_E_SEALED:
        return "give the seal key it was made with; or, if that is lost, remove the file: a new device is "
               "made, "
               "and clients must be given its id";
    case KR_E_CONFIG:
        return "make it a file of keyroomd's user with mode 0600";
    default:
        return "make its folder and the file accessible for keyroomd's user";
    }
}

int kr_daemon_own_device(struct kr_daemon *d, const struct kr_config *config)
{
    struct kr_participant_config p = {.service = config->jid, .random = kr_random_system()};
    char why[256] = "", id[KR_ID_TEXT];
    const char *path = config->service_device_file;
    struct kr_id device;
    bool made = false;
    int err;

    if (d->participant || !is_wanted(config))
        return 0;
    err = kr_device_open(path, d->seal_key, "keyroomd:service-device:1", &p.random, why, &p.account, &made);
    if (!err)
        err = kr_participant_new(&p, &d->participant);
    if (err) {
        kr_logf(KR_LOG_ERROR, "own device -> failed (%s); to do: %s", why[0] ? why : kr_strerror(err),
                hint(err));
        return err;
    }
    device = kr_participant_device(d->participant);
    kr_id_write(id, &device);
    kr_logf(made ? KR_LOG_WARN : KR_LOG_INFO,
            "own device -> %s (%s, in %.3000s): in rooms with source service this service knows all keys", id,
            made ? "new: clients must be given this id" : "known", path);
    d->olm.now_ns = thread_ns;
    kr_olm_meter_set(&d->olm);
    return 0;
}

void kr_daemon_settings(const struct kr_daemon *d, const struct kr_config *config,
                        struct kr_settings *ret_settings)
{
    kr_config_settings(config, ret_settings);
    ret_settings->has_device = d->participant != NULL;
    if (d->participant)
        ret_settings->device = kr_participant_device(d->participant);
}
