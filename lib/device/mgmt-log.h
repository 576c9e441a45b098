/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Management packets in words: mgmt.c asks for them when somebody listens. */
#ifndef LIB_MGMT_LOG_H
#define LIB_MGMT_LOG_H

#include "lib/base/internal.h"

/* "SET_VSUPPLY" */
const char *mgmt_name(enum mgmt_code code);

/* "SET_VSUPPLY requested, serial 7, 9 bytes: 03 e4 0c" */
void mgmt_log_request(
	struct link *link, const struct mgmt_packet *packet, uint32_t size);

/* What has arrived, and the request that is under way, or NULL. */
void mgmt_log_reply(struct link *link, const struct mgmt_packet *packet,
	uint32_t size, const struct mgmt_packet *request);

#endif
