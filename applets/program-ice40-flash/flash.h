/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the applet program-ice40-flash share: flash.c has the table,
 * the claims and the FPGA's reset; verbs.c what is done with the flash.
 */
#ifndef PROGRAM_ICE40_FLASH_FLASH_H
#define PROGRAM_ICE40_FLASH_FLASH_H

#include "lib/core/applet.h"
#include "lib/run/applet.h"

/* The bytes of --data or --file; free() releases them. */
int verb_data(struct clyde_run *run, uint8_t **ret_data, size_t *ret_size);

/* Whether data is needed, and whether it, or the file for it, is right. */
int verb_check(struct clyde_run *run);

/* Carry out the verb. */
int verb_run(struct clyde_run *run, struct clyde_flash *flash);

#endif
