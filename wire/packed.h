/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What lets one description of the wire serve three compilers: gcc and clang
 * on the host, SDCC for the FX2.  All of wire/ is little endian, as USB and
 * the FX2 firmware are, so the structs are used in place.
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
