/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Includes all of wire/ for SDCC, the compiler of the FX2 firmware.  Compiling
   it is the test: assertions of sizes hold for SDCC, too. */
#include "wire/config.h"
#include "wire/core-benchmark.h"
#include "wire/core-gpio.h"
#include "wire/core-probe.h"
#include "wire/core-spi.h"
#include "wire/core-uart.h"
#include "wire/mgmt.h"
#include "wire/usb.h"

struct mgmt_packet packet;
struct config_block block;
struct usb_setup setup;

uint8_t first_byte(void)
{
	return packet.serial + block.revision + setup.bRequest;
}
