/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the chip share: chip.c has the time and the USB function,
 * boot.c power-up and request 0xA0, memory.c the address space, registers.c
 * the registers, interrupts.c the interrupts of USB, control.c EP0, small.c
 * EP1, large.c EP2 to EP8, port.c the connection to the bus, i2c.c the I2C
 * master, i2c-bus.c the chips on its bus, pins.c the ports.  Tests may include
 * this header; no other folder does.
 */
#ifndef VIRTUAL_CHIP_INTERNAL_H
#define VIRTUAL_CHIP_INTERNAL_H

#include "chip.h"
#include "virtual/mcs51/mcs51.h"
#include "wire/usb.h"

/* TRM 5.3: data alone. */
#define SCRATCH_ADDRESS 0xe000
#define SCRATCH_SIZE    0x200

#define WAVEFORMS_ADDRESS 0xe400
#define WAVEFORMS_SIZE    0x80
#define REGISTERS_ADDRESS 0xe600
#define REGISTERS_SIZE    0x100

/* Registers, by their offset from REGISTERS_ADDRESS. */
enum chip_register {
	CPUCS = 0x00,
	IFCONFIG = 0x01,
	FIFORESET = 0x04,
	BREAKPT = 0x05,
	FIFOPINPOLAR = 0x09,
	REVID = 0x0a,
	REVCTL = 0x0b,
	EP1OUTCFG = 0x10,
	EP1INCFG = 0x11,
	EP2CFG = 0x12, /* EP4, EP6, EP8 follow */
	EP2FIFOCFG = 0x18,
	INPKTEND = 0x48,
	OUTPKTEND = 0x49,
	IBNIE = 0x58,
	IBNIRQ = 0x59,
	NAKIE = 0x5a,
	NAKIRQ = 0x5b,
	USBIE = 0x5c,
	USBIRQ = 0x5d,
	EPIE = 0x5e,
	EPIRQ = 0x5f,
	INT2IVEC = 0x66,
	INT4IVEC = 0x67,
	INTSETUP = 0x68,
	PORTACFG = 0x70,
	I2CS = 0x78,
	I2DAT = 0x79,
	I2CTL = 0x7a,
	XAUTODAT1 = 0x7b,
	XAUTODAT2 = 0x7c,
	USBCS = 0x80,
	TOGCTL = 0x83,
	USBFRAMEH = 0x84,
	USBFRAMEL = 0x85,
	MICROFRAME = 0x86,
	FNADDR = 0x87,
	EP0BCH = 0x8a,
	EP0BCL = 0x8b,
	EP1OUTBC = 0x8d,
	EP1INBC = 0x8f,
	EP2BCH = 0x90, /* then EP2BCL; the others follow, four bytes apart */
	EP0CS = 0xa0,
	EP1OUTCS = 0xa1,
	EP1INCS = 0xa2,
	EP2CS = 0xa3, /* EP4, EP6, EP8 follow */
	EP2FIFOFLGS = 0xa7,
	EP2FIFOBCH = 0xab,
	SUDPTRH = 0xb3,
	SUDPTRL = 0xb4,
	SUDPTRCTL = 0xb5,
	SETUPDAT = 0xb8,
};

/* Special function registers that are not the 8051's. */
enum chip_sfr {
	SFR_IOA = 0x80,
	SFR_IOB = 0x90,
	SFR_AUTOPTRH1 = 0x9a,
	SFR_AUTOPTRL1 = 0x9b,
	SFR_AUTOPTRH2 = 0x9d,
	SFR_AUTOPTRL2 = 0x9e,
	SFR_IOC = 0xa0,
	SFR_INT2CLR = 0xa1,
	SFR_INT4CLR = 0xa2,
	SFR_EP2468STAT = 0xaa,
	SFR_EP24FIFOFLGS = 0xab,
	SFR_EP68FIFOFLGS = 0xac,
	SFR_AUTOPTRSETUP = 0xaf,
	SFR_IOD = 0xb0,
	SFR_IOE = 0xb1,
	SFR_OEA = 0xb2, /* OEB to OEE follow */
	SFR_EP01STAT = 0xba,
	SFR_GPIFTRIG = 0xbb,
};

/* CPUCS */
#define CPUCS_RESET 0x01
#define CPUCS_SPEED 0x18
/* IFCONFIG */
#define IFCONFIG_MODE       0x03
#define IFCONFIG_GPIF       0x02
#define IFCONFIG_SLAVE_FIFO 0x03
#define IFCONFIG_CLOCK_OUT  0x20
/* EPxCFG */
#define CFG_VALID 0x80
#define CFG_IN    0x40
#define CFG_BUF   0x03
/* EPxFIFOCFG */
#define FIFOCFG_WORDWIDE 0x01
#define FIFOCFG_AUTOIN   0x08
#define FIFOCFG_AUTOOUT  0x10
/* EPxCS, EP0CS, EP1xCS */
#define CS_STALL 0x01
#define CS_BUSY  0x02
#define CS_HSNAK 0x80
/* FIFORESET, INPKTEND, OUTPKTEND, EPxBCL */
#define NAKALL 0x80
#define SKIP   0x80
/* USBCS */
#define USBCS_RENUM  0x02
#define USBCS_DISCON 0x08
#define USBCS_HSM    0x80
/* INTSETUP */
#define INTSETUP_AV4EN 0x01
#define INTSETUP_AV2EN 0x08
/* SUDPTRCTL */
#define SDPAUTO 0x01

/* Interrupt requests of USB, bits as in USBIRQ, from 8 on EPIRQ, and from 16 on
   NAKIRQ, in the order of their vectors. */
enum usb_interrupt {
	INT_SUDAV = 1 << 0,
	INT_SOF = 1 << 1,
	INT_SUTOK = 1 << 2,
	INT_SUSPEND = 1 << 3,
	INT_RESET = 1 << 4,
	INT_HISPEED = 1 << 5,
	INT_EP0ACK = 1 << 6,
	INT_EP0IN = 1 << 8,
	INT_EP0OUT = 1 << 9,
	INT_EP1IN = 1 << 10,
	INT_EP1OUT = 1 << 11,
	INT_EP2 = 1 << 12, /* EP4, EP6, EP8 follow */
	INT_IBN = 1 << 16,
	INT_EP0PING = 1 << 18, /* EP1, EP2, EP4, EP6, EP8 follow */
};

/* EP0: a request, and what answers it. */
struct ep0 {
	struct usb_setup setup;
	/* The chip itself handles it: request 0xA0, SET_ADDRESS, and without
	   RENUM the standard requests. */
	bool own;
	bool refused; /* `own`, and it is not supported */
	bool hsnak, stall, busy;
	bool table;       /* the data come from SUDPTR, not from EP0BUF */
	uint16_t pointer; /* of the table's next byte */
	uint16_t left;    /* in the table, or in data[] */
	uint16_t sent;    /* or received, before the current packet */
	uint16_t packet;  /* size of the IN packet that awaits its ACK */
	bool status;      /* that packet is the status stage */
	uint8_t buffer[USB_EP0_PACKET_SIZE];
	uint8_t data[USB_FX2_RAM_CHUNK]; /* of an `own` request */
};

/* EP1 IN, EP1 OUT */
struct small_endpoint {
	bool busy, stall;
	uint8_t count;
	uint8_t buffer[USB_EP1_PACKET_SIZE];
};

/* EP2, EP4, EP6 or EP8 */
struct large_endpoint {
	/* The packets between USB and the FIFO bus: the FPGA's struct fifo, or
	   `own` if the direction is not that of the board's FPGA. */
	struct fifo *fifo;
	struct fifo own;
	struct fifo held; /* OUT packets that wait for the 8051 */
	/* OUT: buffers that the USB may fill, or that contain a packet for the
	   FIFO bus. */
	uint8_t armed;
	bool stall;
	uint8_t count_high;              /* EPxBCH as written */
	uint8_t window[USB_PACKET_SIZE]; /* IN packet of the 8051 */
};

enum i2c_step { I2C_NONE, I2C_ADDRESS, I2C_WRITE, I2C_READ, I2C_STOP };

#define I2C_WRITE_MAX 1024 /* more than any chip's page */

struct i2c_master {
	enum i2c_step step; /* in progress, until... */
	tick due;
	bool start, stop, last; /* bits of I2CS */
	bool done, ack, bus_error;
	bool spoiled;     /* the byte that is under way */
	unsigned clashes; /* how often one was */
	uint8_t data;
	/* The transaction */
	bool open; /* between start and stop */
	bool reading;
	bool driven;  /* the chip drives SDA after an acknowledge */
	bool present; /* and acknowledged its address */
	uint8_t address;
	uint8_t write[I2C_WRITE_MAX];
	uint16_t written;
	uint16_t read;
	/* The FPGA's: its register, and bytes of the word that it latched */
	uint8_t fpga_register;
	uint8_t word[4];
	uint8_t word_left;
	tick eeprom_ready[2]; /* FX2_MEM, ICE_MEM: a write is over */
	char line[160];       /* for the listener: the transaction so far */
};

/* What happens on the port of the hub, after the device has connected. */
enum port_step {
	PORT_OFF,
	PORT_DEBOUNCE,
	PORT_RESET,
	PORT_RECOVERY,
	PORT_CONFIGURE, /* SET_CONFIGURATION has no answer yet */
	PORT_READY,
};

struct port {
	enum port_step step;
	tick due;     /* of the step's end */
	tick give_up; /* to wait for the answer of PORT_CONFIGURE */
	tick settled; /* until then the device may connect or leave */
	uint8_t configuration, alternate; /* without RENUM */
};

struct chip {
	struct function function;
	struct chip_board on; /* what the chip is wired to */
	struct mcs51 cpu;
	bool held;      /* the 8051 is in reset, by CPUCS */
	bool in_cpu;    /* inside mcs51_run(), which ends at... */
	tick cpu_limit; /* ...this time */
	bool unskipped; /* tests: every pass of a loop that waits is executed */
	tick epoch;     /* the chip's time at time 0 of the function */
	tick now;
	/* The 8051's time: at `cycles_at` it had made `cycles`. */
	tick cycles_at;
	uint64_t cycles;
	unsigned ticks_per_cycle;
	chip_listener *listener; /* or NULL */
	void *listener_user;
	tick fpga_due; /* when the FPGA next acts */
	bool alert;    /* nALERT is low */
	/* The 8051 has read the state of EP2 to EP8, which was this, so that a
	   loop may wait for a change. */
	bool watches;
	uint64_t watched;
	char fault[160];

	uint8_t ram[CHIP_RAM_SIZE];
	uint8_t scratch[SCRATCH_SIZE];
	uint8_t waveforms[WAVEFORMS_SIZE];
	uint8_t registers[REGISTERS_SIZE]; /* those that are plain bytes */

	uint16_t autopointer[2];
	uint8_t autopointer_setup;
	uint32_t requests;   /* enum usb_interrupt */
	tick sof;            /* the last one that was seen */
	uint16_t toggles[2]; /* IN, OUT: a bit for each endpoint */

	struct ep0 ep0;
	struct small_endpoint ep1_out, ep1_in;
	struct large_endpoint large[FIFO_COUNT];
	struct i2c_master i2c;
	struct port port;

	/* Ports A to E, and the signals that they make */
	uint8_t latch[5], enable[5];
	uint8_t signals;
	bool fpga_target;  /* the FPGA came out of reset with SS low... */
	tick fpga_cleared; /* ...and takes bits from then on */
	uint8_t spi_byte, spi_bits;
	uint16_t spi_count;
	uint8_t spi_bytes[512];
};

#define CHIP(pointer) ((struct chip *)(pointer))

static inline tick earliest(tick a, tick b)
{
	return a < b ? a : b;
}

/* ---- chip.c: time ----------------------------------------------------- */

/* The time of the access that a hook is called for. */
tick chip_time(const struct chip *chip);
/* An event is now due at this time: a running 8051 must not go beyond. */
void chip_plan(struct chip *chip, tick due);
/* After CPUCS was written: its speed. */
void chip_set_speed(struct chip *chip);
/* Bring the FPGA to the present, before the FX2's side changes. */
void chip_meet_fpga(struct chip *chip);
/* A 8051 that waits may be behind: to be called before a change that it sees. */
void chip_catch_up(struct chip *chip);
/* A line for the listener. */
void chip_tell(struct chip *chip, const char *line);
/* What the 8051 can read has changed. */
void chip_touch(struct chip *chip);

/* ---- boot.c ----------------------------------------------------------- */

void boot_power_up(struct chip *chip, const struct chip_image *firmware);
void boot_hold(struct chip *chip);
void boot_start(struct chip *chip);
/* Request 0xA0: false = it is not supported; and a write's bytes. */
bool boot_request(struct chip *chip, const struct usb_setup *setup);
void boot_write(
	struct chip *chip, size_t address, const uint8_t *data, size_t size);

/* ---- memory.c, registers.c ---------------------------------------------- */

extern const struct mcs51_hooks chip_hooks;

uint8_t memory_read(struct chip *chip, uint16_t address);
void memory_write(struct chip *chip, uint16_t address, uint8_t value);

uint8_t autopointer_read(struct chip *chip, unsigned index);
void autopointer_write(struct chip *chip, unsigned index, uint8_t value);

uint8_t chip_register_read(struct chip *chip, uint8_t offset);
void chip_register_write(struct chip *chip, uint8_t offset, uint8_t value);
void registers_reset(struct chip *chip);
/* The end of all: an access that the chip has no model for. */
void chip_refuse(struct chip *chip, const char *name, uint16_t address);
void chip_refuse_value(struct chip *chip, const char *name, uint8_t value);

/* ---- interrupts.c ------------------------------------------------------- */

void interrupt_raise(struct chip *chip, uint32_t requests);
/* Requests were cleared, or enabled: look whether others wait. */
void interrupt_clear(struct chip *chip, uint32_t requests);
void interrupt_update(struct chip *chip);
/* A token of this endpoint was answered by NAK. */
void interrupt_nak(struct chip *chip, uint8_t endpoint);
/* INT2CLR: clear the request that has the vector. */
void interrupt_clear_current(struct chip *chip);
uint8_t interrupt_vector(const struct chip *chip);
tick interrupt_due(const struct chip *chip);
/* Start-of-frame packets up to the present. */
void interrupt_frames(struct chip *chip);

/* ---- Endpoints ---------------------------------------------------------- */

void toggle_packet(struct chip *chip, uint8_t endpoint);
void toggles_reset(struct chip *chip);

void control_setup(struct chip *chip, const struct usb_setup *setup);
enum handshake control_in(
	struct chip *chip, const uint8_t **ret_data, uint16_t *ret_length);
void control_acked(struct chip *chip);
enum handshake control_ping(struct chip *chip);
enum handshake control_out(
	struct chip *chip, const uint8_t *data, uint16_t length);
uint8_t control_read(struct chip *chip, uint8_t offset);
void control_write(struct chip *chip, uint8_t offset, uint8_t value);
/* Whether the request without data has been answered. */
bool control_answered(const struct chip *chip);

uint8_t small_read(struct chip *chip, uint8_t offset);
void small_write(struct chip *chip, uint8_t offset, uint8_t value);
enum handshake small_in(
	struct chip *chip, const uint8_t **ret_data, uint16_t *ret_length);
void small_acked(struct chip *chip);
enum handshake small_ping(struct chip *chip);
enum handshake small_out(
	struct chip *chip, const uint8_t *data, uint16_t length);

/* The endpoint's index, 0 to 3; FIFO_COUNT: it is none of them. */
unsigned large_index(uint8_t endpoint);
void large_reset(struct chip *chip);
void large_configure(struct chip *chip, unsigned index, uint8_t before);
void large_set_auto(struct chip *chip, unsigned index, uint8_t before);
void large_fiforeset(struct chip *chip, uint8_t value);
void large_outpktend(struct chip *chip, uint8_t value);
void large_inpktend(struct chip *chip, uint8_t value);
uint8_t large_read_count(struct chip *chip, unsigned index, bool high);
void large_write_count(
	struct chip *chip, unsigned index, bool high, uint8_t value);
uint8_t large_status(const struct chip *chip, unsigned index);
void large_write_status(struct chip *chip, unsigned index, uint8_t value);
uint8_t large_flags(const struct chip *chip, unsigned index);
uint16_t large_fifo_bytes(const struct chip *chip, unsigned index);
/* The 8051 reads the state of EP2 to EP8; and, if it has, look for a change. */
void large_watch(struct chip *chip);
void large_check(struct chip *chip);
/* The byte of the endpoint's buffer that the 8051 has; NULL: none. */
uint8_t *large_window(struct chip *chip, unsigned index, uint16_t offset);
enum handshake large_in(struct chip *chip, unsigned index,
	const uint8_t **ret_data, uint16_t *ret_length);
void large_acked(struct chip *chip, unsigned index);
enum handshake large_ping(struct chip *chip, unsigned index);
enum handshake large_out(struct chip *chip, unsigned index, const uint8_t *data,
	uint16_t length);

/* ---- port.c ------------------------------------------------------------- */

/* USBCS was written. */
void port_update(struct chip *chip, uint8_t before);
/* A reset of the bus, after which the host configures the device again. */
void port_reset(struct chip *chip);
tick port_due(const struct chip *chip);
void port_execute(struct chip *chip);

/* ---- i2c.c, i2c-bus.c --------------------------------------------------- */

uint8_t i2c_read(struct chip *chip, uint8_t offset);
void i2c_write(struct chip *chip, uint8_t offset, uint8_t value);
tick i2c_due(const struct chip *chip);
void i2c_execute(struct chip *chip);
/* Until when the FPGA must not be run ahead. */
tick i2c_holds_fpga(const struct chip *chip);

bool i2c_bus_start(struct chip *chip);
bool i2c_bus_put(struct chip *chip, uint8_t byte);
uint8_t i2c_bus_get(struct chip *chip);
void i2c_bus_stop(struct chip *chip);

/* ---- pins.c ------------------------------------------------------------- */

uint8_t pins_read(struct chip *chip, unsigned port);
/* After a latch, an output enable or IFCONFIG has changed. */
void pins_update(struct chip *chip);
/* Pass the bits on that were shifted into the FPGA. */
void pins_flush(struct chip *chip);
/* Look at nALERT. */
void pins_check_alert(struct chip *chip);

#endif
