/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Devices that are not what they say, see quirks.c. */
#ifndef LIB_QUIRKS_H
#define LIB_QUIRKS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the device has the flag "modified design" by mistake. */
bool quirk_not_modified(const char *manufacturer, const char *serial);

#endif
