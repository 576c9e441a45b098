/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The FPGA: configuration by the host or from ICE_MEM, registers, alerts.
 * pipes.c begins and ends loads, the main loop carries them on packet by
 * packet.
 *
 * An iCE40 without configuration pulls its pins up, among them those that turn
 * the level shifters outwards.  So a configured FPGA may be reset only when the
 * ports' supplies have discharged.
 *
 * Source: GlasgowEmbedded/glasgow firmware/fx2/fpga.c; Lattice FPGA-TN-02001,
 * iCE40 Programming and Configuration.
 */
#include "firmware.h"

#define RESET_QUARTERS 4    /* 1 us; CRESET_B is low for at least 200 ns */
#define CLEAR_QUARTERS 4800 /* 1200 us: an HX8K clears its memory */
#define LAST_CLOCKS    49   /* after CDONE, until the pins are released */
/* A revC bitstream and its room: ICE_MEM, and 4 KiB of the other EEPROM. */
#define STORED_MAX 0x21000
/* What is read at once, before the host is looked at: 6 ms. */
#define CHUNK_SIZE 256

bool fpga_ready;
bool fpga_booting;
uint8_t fpga_pipe_reset;

static __xdata uint32_t load_bytes; /* of a bitstream, consumed so far */
static bool nvm_failed;
static bool port_open; /* the configuration port takes bytes */

/* The FIFO bus ends, so that port B is a port. */
static void hold_in_reset(void)
{
	port_open = false;
	fpga_ready = false;
	PIN_CRESET_B = 0;
	SYNCDELAY();
	IFCONFIG = IFCONFIG_IFCLKSRC | IFCONFIG_3048MHZ;
	SYNCDELAY();
	show_configured(false);
}

static void open_port(void)
{
	IOB = PORTB_SPI_IDLE;
	OEB = PORTB_SPI_OUTPUTS;
	wait(RESET_QUARTERS);
	PIN_CRESET_B = 1;
	wait(CLEAR_QUARTERS);
	port_open = true;
	load_bytes = 0;
}

/* If the FPGA is configured, let it start. */
static bool start(void)
{
	uint8_t clocks;

	if (!PIN_CDONE)
		return false;
	for (clocks = LAST_CLOCKS; clocks > 0; clocks--) {
		PIN_SPI_SCK = 0;
		PIN_SPI_SCK = 1;
	}
	OEB = 0;
	port_open = false;
	fpga_ready = true;
	show_configured(true);
	return true;
}

void fpga_init(void)
{
	fpga_pipe_reset = 0xf;
	fpga_booting = true;
	spi_init();
	/* At power-up there is no configuration that could be lost, and
	   nothing to discharge. */
	if (!PIN_CDONE) {
		discharge = 0;
		hold_in_reset();
	}
}

bool fpga_write_pipe_reset(void)
{
	return smbus_put(FPGA_I2C_ADDRESS, REG_PIPE_RESET, fpga_pipe_reset, 1);
}

void fpga_drop_old(void)
{
	if (!fpga_booting || port_open)
		return;
	wait_for_discharge();
	hold_in_reset();
}

void fpga_begin_load(uint8_t alternate)
{
	fpga_booting = false;
	fpga_pipe_reset = 0xf;
	nvm_failed = false;
	supplies_off(PORTD_ENABLES);
	wait_for_discharge();
	hold_in_reset();
	load_bytes = 0;
	if (alternate == USB_ALT_CFG)
		open_port();
}

/* The FPGA gets the clock of the FIFO bus, and its I2C target with it. */
void fpga_end_load(void)
{
	OEB = 0;
	if (!fpga_ready) {
		hold_in_reset();
		return;
	}
	SYNCDELAY();
	IFCONFIG = IFCONFIG_IFCLKSRC | IFCONFIG_3048MHZ | IFCONFIG_IFCLKOE |
		IFCONFIG_SLAVE_FIFO;
	SYNCDELAY();
}

void fpga_poll_load(void)
{
	uint16_t size;

	if (EP2468STAT & EP2468STAT_EP2E)
		return;
	size = EP2BCH << 8 | EP2BCL;
	if (port_open)
		spi_write(EP2FIFOBUF, size);
	else if (usb_alternate[USB_IFACE_EP2OUT] == USB_ALT_NVM &&
		!nvm_write(load_bytes, EP2FIFOBUF, size))
		nvm_failed = true;
	SYNCDELAY();
	OUTPKTEND = OUTPKTEND_SKIP | USB_EP2_OUT;
	SYNCDELAY();
	load_bytes += size;
}

static void end_boot(bool well)
{
	fpga_booting = false;
	if (!well)
		show_error(true);
	fpga_end_load();
}

/* The next piece of the stored bitstream; false if there is none. */
static bool boot_chunk(void)
{
	uint32_t left = config.bitstream_size - load_bytes;
	uint16_t size = left < CHUNK_SIZE ? left : CHUNK_SIZE;

	if (!nvm_configure(load_bytes, size))
		return false;
	load_bytes += size;
	return true;
}

void fpga_boot(void)
{
	if (discharge > 0)
		return;
	if (!port_open) {
		hold_in_reset();
		if (config.bitstream_size == 0)
			end_boot(true);
		else if (config.bitstream_size > STORED_MAX || ports_mask == 0)
			end_boot(false);
		else
			open_port();
	} else if (load_bytes == config.bitstream_size) {
		end_boot(start());
	} else if (!boot_chunk()) {
		end_boot(false);
	}
}

#define STORED_ID ((__xdata uint8_t *)&config.bitstream_size)

static void keep_id(void)
{
	copy_bytes(
		STORED_ID, request.data.bytes, sizeof(struct mgmt_bitstream));
}

enum mgmt_result fpga_load_cfg(void)
{
	if (usb_alternate[USB_IFACE_EP2OUT] != USB_ALT_CFG || fpga_ready)
		return MGMT_ERROR;
	if (load_bytes < request.data.bitstream.size)
		return MGMT_WAIT;
	if (!start())
		return MGMT_ERROR;
	keep_id();
	return MGMT_ACK;
}

/* Size 0 removes the bitstream, in any alternate setting. */
enum mgmt_result fpga_load_nvm(void)
{
	uint8_t i;

	if (request.data.bitstream.size > 0) {
		reply.data.progress = load_bytes;
		if (usb_alternate[USB_IFACE_EP2OUT] != USB_ALT_NVM ||
			nvm_failed)
			return MGMT_ERROR;
		if (load_bytes < request.data.bitstream.size)
			return MGMT_WAIT;
	}
	keep_id();
	if (request.data.bitstream.size == 0) {
		for (i = 0; i < FPGA_ID_SIZE; i++)
			config.bitstream_id[i] = 0;
	}
	return nvm_save_config(offsetof(struct config_block, bitstream_size),
		       sizeof(struct mgmt_bitstream))
		? MGMT_ACK
		: MGMT_ERROR;
}

enum mgmt_result fpga_status(void)
{
	if (fpga_ready)
		copy_bytes(reply.data.bytes, STORED_ID,
			sizeof(struct mgmt_bitstream));
	return MGMT_ACK;
}

enum mgmt_result fpga_set_register(void)
{
	if (request_size < 1 ||
		request_size > sizeof(struct mgmt_register_write) ||
		request.data.register_write.address <= REG_PRIVATE_LAST)
		return MGMT_ERROR;
	return i2c_write(FPGA_I2C_ADDRESS, request.data.bytes, request_size)
		? MGMT_ACK
		: MGMT_ERROR;
}

enum mgmt_result fpga_get_register(void)
{
	uint8_t size = request.data.register_read.length;

	if (size > MGMT_DATA_SIZE)
		return MGMT_ERROR;
	reply_size = size;
	i2c_head[0] = request.data.register_read.address;
	return i2c_read(FPGA_I2C_ADDRESS, 1, reply.data.bytes, size)
		? MGMT_ACK
		: MGMT_ERROR;
}

void fpga_poll_alert(void)
{
	if (!fpga_ready || !smbus_get(FPGA_I2C_ADDRESS, REG_ALERTS, 1))
		return;
	if (smbus_value & ~alerts.fpga) {
		alerts.fpga |= smbus_value;
		alert_pending = true;
	}
}
