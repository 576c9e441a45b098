/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the virtual device share.  device.c is the function and
 * the firmware's main loop, boot.c its start, control.c is EP0, mgmt.c is EP1,
 * ports.c the commands about ports, descriptors.c the tables; loader.c is how
 * firmware gets in, bare.c the FX2 without any.
 */
#ifndef VIRTUAL_FIRMWARE_H
#define VIRTUAL_FIRMWARE_H

#include "device.h"
#include "wire/regs.h"

/* What the 8051 works on; it does one thing at a time. */
enum job { JOB_NONE, JOB_MGMT, JOB_CONFIGURE };

struct control {
	struct usb_setup setup;
	bool pending; /* the firmware has not answered yet */
	tick due;     /* when it will */
	bool stalled;
	uint8_t data[USB_FX2_RAM_CHUNK]; /* data stage */
	uint16_t length;
	uint16_t sent;
	uint16_t packet; /* of it in flight */
};

#define FX2_RAM_SIZE 0x4000

struct loader {
	bool held;             /* the 8051 is in reset */
	tick leave, come_back; /* TICK_NEVER: not under way */
	uint8_t ram[FX2_RAM_SIZE];
	bool written[FX2_RAM_SIZE]; /* since the 8051 was held */
};

struct device {
	struct function function;
	struct faults faults;
	struct board board;
	struct fpga *fpga;
	struct fifo fifos[FIFO_COUNT];
	struct config_block config; /* the copy in the FX2's RAM */
	tick now;

	struct control control;
	uint8_t configuration;
	uint8_t alternate[USB_IFACE_COUNT];
	uint8_t pipe_reset; /* the FX2's copy of REG_PIPE_RESET */
	bool halted[2][16];

	bool fpga_ready;
	uint32_t load_bytes; /* of a bitstream, consumed so far */
	bool nvm_failed;

	enum job job;
	enum job last_job; /* the loop takes turns */
	tick job_due;
	struct mgmt_packet request, reply;
	uint8_t request_size; /* 0: EP1 OUT is free */
	uint8_t reply_size;   /* 0: EP1 IN is free */
	bool reply_again;     /* it comes twice */
	uint32_t junk;        /* the last there was */
	tick trip_due;        /* port A trips, by script */
	struct mgmt_alerts alerts;
	bool alert_pending;
	/* Low byte of the word that the 8051's port commands share. */
	uint8_t port_scratch;
	bool test_leds;
	uint8_t leds;
	uint8_t api_level; /* of the firmware; 0: none, a bare FX2 */
	struct loader loader;
};

/*
 * How long the 8051 takes.  An I2C byte is nine bits at 400 kHz (main.c sets
 * I2CTL); the rest are estimates from the instruction counts of the public
 * firmware at 12 MIPS, not measurements.
 */
#define I2C_BYTE_TICKS     (9 * 1200)
#define I2C_STOP_TICKS     (2 * 1200)
#define EP0_TICKS          (20 * TICKS_PER_US)
#define MGMT_TICKS         (30 * TICKS_PER_US)
#define EEPROM_WRITE_TICKS (5000 * TICKS_PER_US) /* BL24C256A, tWR max */
/* fpga.c, load_reset_revabc(): 250 ms for the supplies to discharge, then
   1200 us for the FPGA to clear its memory. */
#define FPGA_RESET_TICKS (251200 * TICKS_PER_US)
/* libfx2's SPI loop: 76 clocks of 48 MHz a byte. */
#define FPGA_BYTE_TICKS (76 * TICKS_PER_CYCLE)

extern const struct function_ops device_ops;

/*
 * From the 8051's start until the device leaves the bus, an estimate: the
 * firmware's main() sets up the board first.  Then, by upstream's experience
 * (software/glasgow/hardware/device.py), about a second until it is back.
 */
#define START_TICKS (1000 * TICKS_PER_US)
#define AWAY_TICKS  (1000000 * (tick)TICKS_PER_US)

/* device.c: when a port trips next, by script. */
void device_plan_trip(struct device *device);

/* boot.c: the firmware starts anew, with the EEPROM as it is. */
void device_boot(struct device *device);

/* loader.c: request 0xA0.  Its setup, the bytes of a write's data stage, and
   what follows by itself. */
void loader_reset(struct device *device);
bool loader_request(struct device *device, const struct usb_setup *setup);
void loader_write(struct device *device, size_t address, const uint8_t *data,
	size_t size);
tick loader_due(const struct device *device);
void loader_execute(struct device *device);

/* bare.c: what the FX2 answers by itself to a standard request. */
bool bare_standard(struct device *device, const struct usb_setup *setup);

/* descriptors.c: the answer to GET_DESCRIPTOR, into 512 B; 0 = none such. */
uint16_t descriptor_get(
	const struct device *device, uint16_t value, uint8_t *data);
uint16_t descriptor_microsoft(uint16_t index, uint8_t *data);
uint16_t descriptor_webusb(uint8_t *data);

/* control.c: how long a request keeps the firmware, and to carry it out. */
tick control_cost(const struct device *device, const struct usb_setup *setup);
void control_execute(struct device *device);

/* mgmt.c: the same for a management request. */
tick mgmt_cost(const struct device *device);
/* How much later than that the reply comes, by script. */
tick mgmt_delay(struct device *device);
/* Bytes that the request moves over I2C to and from the FPGA. */
unsigned mgmt_fpga_bytes(const struct device *device);
void mgmt_execute(struct device *device);
void mgmt_reset(struct device *device);

/*
 * The commands about ports.  They see the request, whose size is checked,
 * and fill in the reply, which is zero.
 */
typedef enum mgmt_result mgmt_handler(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply);

mgmt_handler ports_set_vsupply, ports_get_vsupply;
mgmt_handler ports_set_vlimit, ports_get_vlimit;
mgmt_handler ports_set_valert, ports_get_valert;
mgmt_handler ports_set_ialert, ports_get_ialert;
mgmt_handler ports_get_vsense, ports_get_isupply;
mgmt_handler ports_set_pulls, ports_get_pulls, ports_get_state;

/* Power-up: supplies off, chips set up. */
void ports_init(struct device *device);

/* Take alerts from the chips into device->alerts; true if there were any. */
bool ports_poll_alert(struct device *device);

/* nvm.c: the configuration block between EEPROM and RAM. */
void nvm_load_config(struct device *device);
bool nvm_save_config(struct device *device, size_t offset, size_t size);
bool nvm_write_bitstream(struct device *device, uint32_t offset,
	const uint8_t *data, size_t size);
bool nvm_read_bitstream(
	struct device *device, uint32_t offset, uint8_t *data, size_t size);

#endif
