/* The control socket's answers for people. */
#ifndef KR_TOOLS_SHOW_H
#define KR_TOOLS_SHOW_H

#include <jansson.h>

void kr_show_status(const json_t *answer);
void kr_show_rooms(const json_t *answer);
void kr_show_room(const json_t *answer);
void kr_show_stock(const json_t *answer); /* a part of it: show_stock.c */
void kr_show_devices(const json_t *answer);
void kr_show_text(const json_t *answer); /* the sentence that answers a command */

#endif
