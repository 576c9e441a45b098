/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * PACKED, so that gcc and clang on the host and SDCC for the FX2 give the
 * structures of wire/ the same layout.  All fields are little endian, as on USB
 * and in the FX2's firmware, and are used in place, without conversion.
 */
#ifndef WIRE_PACKED_H
#define WIRE_PACKED_H

#include <stdint.h>

#ifdef __SDCC
/* SDCC packs every struct and rejects the attribute. */
#define PACKED
#else
#define PACKED __attribute__((packed))
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"the structs in wire/ are used in place: a little-endian host only");
#endif

#endif
