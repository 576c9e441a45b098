/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Management packets in the log.  mgmt.c calls these functions if the log's
 * level is CLYDE_LOG_TRACE, and mgmt_name() for error messages.
 */
#ifndef LIB_MGMT_LOG_H
#define LIB_MGMT_LOG_H

#include "lib/base/internal.h"

/* The name of a command, "SET_VSUPPLY"; "a command" if the table has none. */
const char *mgmt_name(enum mgmt_code code);

/* Log a request: "GET_VLIMIT requested, serial 7, 2 bytes". */
void mgmt_log_request(
	struct link *link, const struct mgmt_packet *packet, uint32_t size);

/* Log a packet that has arrived: "FPGA_GET_REG answered by ACK, serial 7, 3
   bytes: c0".  `request` is the request that is under way, or NULL; a packet
   with another serial is "not asked for". */
void mgmt_log_reply(struct link *link, const struct mgmt_packet *packet,
	uint32_t size, const struct mgmt_packet *request);

#endif
