/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the virtual device share: device.c has the USB function and
 * the firmware's main loop, boot.c the start of the firmware, control.c EP0,
 * mgmt.c EP1, i2c.c the FPGA's registers, ports.c and drivers.c the commands
 * about ports, nvm.c the EEPROMs, descriptors.c the descriptors, loader.c the
 * loading of firmware.  Tests may include this
 * header; no other folder does.
 */
#ifndef VIRTUAL_FIRMWARE_H
#define VIRTUAL_FIRMWARE_H

#include "device.h"
#include "wire/regs.h"

/* The main loop's present job.  The 8051 does one at a time. */
enum job { JOB_NONE, JOB_MGMT, JOB_CONFIGURE };

struct control {
	struct usb_setup setup;
	bool pending; /* the firmware has not answered yet... */
	tick due;     /* ...and does so at this time */
	bool stalled;
	uint8_t data[USB_FX2_RAM_CHUNK]; /* data stage */
	uint16_t length;
	uint16_t sent;
	uint16_t packet; /* size of the packet that awaits its ACK */
};

/* EZ-USB TRM 5.3: code and data from 0 on, and 512 B of data alone. */
#define FX2_RAM_SIZE        0x4000
#define FX2_SCRATCH_ADDRESS 0xe000
#define FX2_SCRATCH_SIZE    0x200

struct loader {
	bool in_reset;         /* the 8051 is held in reset */
	tick leave, come_back; /* when the device does so, or TICK_NEVER */
	tick start, away;      /* how long these take, see START_US */
	uint8_t ram[FX2_RAM_SIZE];
	uint8_t scratch[FX2_SCRATCH_SIZE];
	bool written[FX2_RAM_SIZE]; /* since the 8051 entered reset */
};

struct device {
	struct function function;
	struct faults faults;
	struct board board;
	struct fpga *fpga;
	struct chip *chip; /* executes firmware; NULL: all that follows does */
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
	enum job last_job; /* the loop serves both kinds in turn */
	tick job_due;
	bool spoiled; /* the job's I2C transactions, by an interrupt */
	unsigned i2c_clashes;
	/* Bytes at the end of the bitstream's packet that are not clocked into
	   the FPGA, but other memory in their place. */
	uint16_t misplaced;
	unsigned load_clashes;
	struct mgmt_packet request, reply;
	/* EP1 OUT's buffer is `request`: it keeps the bytes of the packets
	   before, where a shorter one follows. */
	bool request_full;    /* a packet, which may be empty, is in it */
	uint8_t request_size; /* of that packet */
	uint8_t reply_size;   /* 0: EP1 IN is free */
	bool reply_again;     /* by a fault, the reply is sent twice */
	uint32_t junk;        /* state of the generator of junk replies */
	tick trip_due;        /* when port A trips, by a fault */
	tick discharged;      /* supplies that were turned off, from then on */
	struct mgmt_alerts alerts;
	bool alert_pending;
	/* Low byte of the word that the 8051's port commands share. */
	uint8_t port_scratch;
	struct misread misread;
	bool test_leds;
	uint8_t leds;
	uint8_t api_level; /* of the firmware; 0: none, a bare FX2 */
	struct loader loader;
};

/*
 * How long the 8051 takes: what firmware/firmware.ihex needs on the virtual FX2,
 * which counts its cycles.  tests/firmware/times.c prints and compares these
 * times; mgmt.c has those of the management commands.  An I2C byte is nine bits
 * at 400 kHz.
 */
#define I2C_BYTE_TICKS        (9 * 1200)
#define I2C_STOP_TICKS        (2 * 1200)
#define EP0_TICKS             (49 * TICKS_PER_US)
#define DESCRIPTOR_TICKS      (55 * TICKS_PER_US) /* beside its bytes */
#define DESCRIPTOR_BYTE_TICKS (3170 * TICKS_PER_US / 1000)
#define MANAGEMENT_TICKS      (73 * TICKS_PER_US) /* SET_INTERFACE of EP1 */
#define HALT_TICKS            (64 * TICKS_PER_US)
#define LOAD_OFF_TICKS        (93 * TICKS_PER_US)
#define PIPE_ON_TICKS         (305 * TICKS_PER_US)
#define PIPE_OFF_TICKS        (195 * TICKS_PER_US)
#define CONFIGURE_TICKS       (271 * TICKS_PER_US)
#define EEPROM_WRITE_TICKS    (5000 * TICKS_PER_US) /* BL24C256A, tWR max */
/* Before the FPGA loses its configuration, supplies discharge: 262 ms after the
   last one was turned off, on average 8 ms more, as the firmware counts ticks of
   16.384 ms.  Then the FPGA clears its memory for 1200 us. */
#define DISCHARGE_TICKS  (270000 * TICKS_PER_US)
#define FPGA_CLEAR_TICKS (1320 * TICKS_PER_US)
/* At a start with a stored bitstream, the public firmware waits 250 ms, whatever
   the supplies did. */
#define FPGA_RESET_TICKS (251200 * TICKS_PER_US)
/* The average of Clyde's image, firmware/README.md: 43.3 cycles of four clocks. */
#define FPGA_BYTE_TICKS (173 * TICKS_PER_CYCLE)

extern const struct function_ops device_ops;

/*
 * From the 8051's start until the device leaves the bus: an estimate, as the
 * firmware's main() sets up the board first; and it loads a bitstream that is
 * stored, see loader.c.  From then until the device is back: about a second, by
 * upstream's experience (software/glasgow/hardware/device.py), though libfx2's
 * usb_init() is off the bus for 10 ms only.
 */
#define START_US 1000
#define AWAY_US  1000000

/* device.c: set when port A trips next, by a fault. */
void device_plan_trip(struct device *device);

/* preload.c: device_preload() of a device that executes firmware. */
bool preload_chip(struct device *device, const struct bitstream *port,
	size_t size, const uint8_t id[FPGA_ID_SIZE]);

/* boot.c: start the firmware, with the present contents of the EEPROM. */
void device_boot(struct device *device);

/* loader.c: whether no standard request is answered: the firmware has set RENUM,
   by which it answers them itself, and is held in reset or starts. */
bool loader_is_silent(const struct device *device);

/* loader.c: request 0xA0.  Its SETUP packet, the bytes of a write's data stage,
   and the device's leaving and return that follow. */
void loader_reset(struct device *device);
bool loader_request(struct device *device, const struct usb_setup *setup);
void loader_write(struct device *device, size_t address, const uint8_t *data,
	size_t size);
/* The RAM at an address, of which *ret_size bytes follow; or NULL. */
uint8_t *loader_ram(struct loader *loader, size_t address, size_t *ret_size);
tick loader_due(const struct device *device);
void loader_execute(struct device *device);

/* descriptors.c: the answer to GET_DESCRIPTOR, at most 512 B; returns its size,
   0 = there is no such descriptor. */
uint16_t descriptor_get(
	const struct device *device, uint16_t value, uint8_t *data);
uint16_t descriptor_microsoft(uint16_t index, uint8_t *data);
uint16_t descriptor_webusb(uint8_t *data);

/* control.c: how long the firmware takes for a request; and carry the request
   out. */
tick control_cost(const struct device *device, const struct usb_setup *setup);
/* Whether the request accesses the FPGA over I2C. */
bool control_uses_i2c(
	const struct device *device, const struct usb_setup *setup);
/* Whether the request is ever answered; if not, the device sends NAK until the
   host gives the request up. */
bool control_is_answered(
	const struct device *device, const struct usb_setup *setup);
void control_execute(struct device *device);

/* mgmt.c: the same for a management request; and its code, 0 if the packet is
   too short for one. */
tick mgmt_cost(const struct device *device);
uint8_t mgmt_request_code(const struct device *device);
/* By how much a fault delays the reply. */
tick mgmt_delay(struct device *device);
/* Bytes that the request moves over I2C to or from the FPGA. */
unsigned mgmt_fpga_bytes(const struct device *device);
/* Whether the request uses the I2C bus. */
bool mgmt_uses_i2c(const struct device *device);
void mgmt_execute(struct device *device);
void mgmt_reset(struct device *device);

/*
 * ports.c: the commands about ports.  The request's size is checked, and the
 * reply is zero, when they are called.
 */
typedef enum mgmt_result mgmt_handler(struct device *device,
	const union mgmt_data *request, union mgmt_data *reply);

mgmt_handler ports_set_vsupply, ports_get_vsupply;
mgmt_handler ports_set_vlimit, ports_get_vlimit;
mgmt_handler ports_set_valert, ports_get_valert;
mgmt_handler ports_set_ialert, ports_get_ialert;
mgmt_handler ports_get_vsense, ports_get_isupply;
mgmt_handler ports_set_pulls, ports_get_pulls, ports_get_state;

/* At power-up: turn the supplies off, set the chips up. */
void ports_init(struct device *device);

/* Move alerts from the chips to device->alerts; true if there were any. */
bool ports_poll_alert(struct device *device);

/* i2c.c: one I2C transaction with the FPGA, which ends now; true if the FPGA
   acknowledged. */
bool i2c_fpga_write(struct device *device, const uint8_t *data, size_t size);
bool i2c_fpga_read(struct device *device, uint8_t *data, size_t size);

/* nvm.c: the configuration block between EEPROM and RAM. */
void nvm_load_config(struct device *device);
/* The size of the bitstream that the firmware loads when it starts, or 0. */
uint32_t nvm_stored_size(const struct device *device);
/* How long it takes to read so much of a bitstream. */
tick nvm_read_cost(size_t size);
bool nvm_save_config(struct device *device, size_t offset, size_t size);
/* How long a packet of a bitstream takes to be written. */
tick nvm_write_cost(uint32_t offset, size_t size);
bool nvm_write_bitstream(struct device *device, uint32_t offset,
	const uint8_t *data, size_t size);
bool nvm_read_bitstream(
	struct device *device, uint32_t offset, uint8_t *data, size_t size);

#endif
