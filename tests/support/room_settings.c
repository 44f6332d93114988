#include "support/room_settings.h"

struct kr_room_settings kr_test_room_settings(enum kr_authorise authorise)
{
    return (struct kr_room_settings){
        .glob = (char *)"*",
        .policy = {.authorise = authorise, .format = KR_FORMAT_SFRAME, .suite = 4, .rotate_s = 900},
        .deadline_ms = 2000,
        .deadline_member_ms = 10,
        .coalesce_ms = 200,
        .coalesce_max_ms = 1000};
}
