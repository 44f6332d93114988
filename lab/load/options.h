/* kr-load's command line. */
#ifndef KR_LOAD_OPTIONS_H
#define KR_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/id.h"

struct kr_load_options {
    const char *story, *system; /* as given */
    size_t n, rounds, rooms, seconds;
    uint64_t every_ms; /* between two leaves of a storm */
    uint16_t c2s_port, component_port;
    const char *guests, *muc, *service, *component, *secret_file, *label, *script;
    uint64_t coalesce_ms;
    pid_t prosody, keyroomd;
    uint16_t metrics_port; /* of keyroomd's page; 0: none is read */
    bool has_service_device;
    struct kr_id service_device;
    bool olm;        /* real Olm */
    bool only_leave; /* nothing but the leave is looked at: what goes before may be taken for granted */
};

/* 0: go on. Else the process ends with the returned value less one. */
int kr_load_options_read(int argc, char **argv, struct kr_load_options *ret_options);

#endif
