/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Records the levels of the 16 port pins into a file of sigrok's session format
 * (.sr), with a sample for each cycle of 48 MHz, or for each half cycle.
 * virtual/board/pins.c reports each change; virtual/fx2/boot.c makes the recorder.
 * The file must depend on the changes and their times only: the model of the FPGA
 * and its twin then write the same file.
 */
#ifndef VIRTUAL_RECORDER_H
#define VIRTUAL_RECORDER_H

#include <stdint.h>

#include "virtual/bus/tick.h"

struct recorder;

/* The file is made at the first change.  NULL: no memory. */
struct recorder *recorder_new(const char *path, unsigned ticks_per_sample);

/* From now on the pins have these levels; before the first call, 0. */
void recorder_change(struct recorder *recorder, tick now, uint16_t levels);

/* Complete the file: 0 or -errno.  Later changes are not recorded. */
int recorder_finish(struct recorder *recorder);
void recorder_free(struct recorder *recorder);

#endif
