/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Endpoints 2, 4, 6 and 8: their buffers, the FIFO bus to the FPGA, and which
 * alternate settings exclude each other.  usb.c calls these functions, outside
 * of commands.  Source of the settings: GlasgowEmbedded/glasgow
 * firmware/fx2/fpga.c.
 */
#include "firmware.h"

#define PIPES          4
#define FIRST_IN       2
#define ENDPOINT(pipe) (2 * (pipe) + 2)

/* FLAGA: EP2 is empty; FLAGB: EP4.  FLAGC: EP6 is full; FLAGD: EP8. */
#define FLAGS_AB 0x98
#define FLAGS_CD 0xfe

static __code const uint8_t bits[PIPES] = {1, 2, 4, 8};

void pipes_init(void)
{
	uint8_t pipe;

	SYNCDELAY();
	FIFORESET = FIFORESET_NAKALL;
	for (pipe = 0; pipe < PIPES; pipe++) {
		SYNCDELAY();
		EPxCFG(pipe) = 0;
		/* Also without WORDWIDE, by which port D would be part of the
		   FIFO bus. */
		SYNCDELAY();
		EPxFIFOCFG(pipe) = 0;
	}
	SYNCDELAY();
	FIFOPINPOLAR = 0;
	SYNCDELAY();
	PINFLAGSAB = FLAGS_AB;
	SYNCDELAY();
	PINFLAGSCD = FLAGS_CD;
	SYNCDELAY();
	PORTACFG = PORTACFG_FLAGD;
	SYNCDELAY();
	FIFORESET = 0;
	SYNCDELAY();
}

static void configure(uint8_t pipe, uint8_t alternate)
{
	uint8_t endpoint = ENDPOINT(pipe);
	uint8_t config_byte = EPCFG_BULK;
	uint8_t buffers = alternate == USB_ALT_4X ? 4 : 2;

	if (pipe >= FIRST_IN)
		config_byte |= EPCFG_DIR;
	if (alternate != USB_ALT_OFF)
		config_byte |= EPCFG_VALID;
	if (alternate != USB_ALT_4X)
		config_byte |= EPCFG_DOUBLE;
	SYNCDELAY();
	FIFORESET = FIFORESET_NAKALL;
	SYNCDELAY();
	EPxCFG(pipe) = config_byte;
	SYNCDELAY();
	EPxFIFOCFG(pipe) = 0;
	SYNCDELAY();
	FIFORESET = endpoint;
	SYNCDELAY();
	if (alternate == USB_ALT_OFF)
		buffers = 0;
	if (pipe < FIRST_IN) {
		/* The 8051 owns an OUT endpoint's buffers at first. */
		for (; buffers > 0; buffers--) {
			OUTPKTEND = OUTPKTEND_SKIP | endpoint;
			SYNCDELAY();
		}
		if (alternate != USB_ALT_OFF && alternate < USB_ALT_CFG)
			EPxFIFOCFG(pipe) = EPFIFOCFG_AUTOOUT;
	} else if (alternate != USB_ALT_OFF) {
		EPxFIFOCFG(pipe) = EPFIFOCFG_ZEROLENIN;
	}
	SYNCDELAY();
	FIFORESET = 0;
	SYNCDELAY();
}

static bool is_load(uint8_t alternate)
{
	return alternate == USB_ALT_CFG || alternate == USB_ALT_NVM;
}

static bool is_off(uint8_t interface)
{
	return usb_alternate[interface] == USB_ALT_OFF;
}

static bool may_load(uint8_t interface)
{
	return ports_mask != 0 && interface == USB_IFACE_EP2OUT &&
		is_off(USB_IFACE_EP4OUT) && is_off(USB_IFACE_EP6IN) &&
		is_off(USB_IFACE_EP8IN);
}

/* EP2 with four buffers has those of EP4, EP6 those of EP8. */
static bool may_select(uint8_t interface, uint8_t alternate)
{
	bool first =
		interface == USB_IFACE_EP2OUT || interface == USB_IFACE_EP6IN;

	if (alternate == USB_ALT_OFF)
		return true;
	if (is_load(alternate))
		return may_load(interface);
	if (!fpga_ready)
		return false;
	if (alternate == USB_ALT_4X)
		return first && is_off(interface + 1);
	return first || usb_alternate[interface - 1] != USB_ALT_4X;
}

bool pipes_select(uint8_t interface, uint8_t alternate)
{
	uint8_t pipe = interface - USB_IFACE_EP2OUT;

	if (!may_select(interface, alternate))
		return false;
	if (is_load(alternate)) {
		fpga_begin_load(alternate);
		configure(pipe, alternate);
		return true;
	}
	if (is_load(usb_alternate[interface])) {
		fpga_end_load();
	} else if (fpga_ready) {
		fpga_pipe_reset |= bits[pipe];
		if (!fpga_write_pipe_reset())
			return false;
	}
	configure(pipe, alternate);
	if (alternate == USB_ALT_OFF)
		return true;
	fpga_pipe_reset &= ~bits[pipe];
	return fpga_write_pipe_reset();
}

void pipes_reset(void)
{
	uint8_t pipe;

	if (is_load(usb_alternate[USB_IFACE_EP2OUT]))
		fpga_end_load();
	fpga_pipe_reset = 0xf;
	if (fpga_ready)
		fpga_write_pipe_reset();
	for (pipe = 0; pipe < PIPES; pipe++)
		configure(pipe, USB_ALT_OFF);
}
