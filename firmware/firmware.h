/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the files of the firmware share.  There is no interrupt: the main loop
 * asks for everything, and each wait inside a command calls usb_poll(), so that
 * the host gets its descriptors at any time.  README.md has the overview.
 *
 * SDCC gives the parameters of a function fixed addresses, so no function may
 * be entered again before it has returned.  usb_poll() is called from inside of
 * commands: it must call no function that a command uses.
 */
#ifndef FIRMWARE_FIRMWARE_H
#define FIRMWARE_FIRMWARE_H

#include <stddef.h>

#include "fx2.h"
#include "pins.h"
#include "wire/config.h"
#include "wire/mgmt.h"
#include "wire/regs.h"
#include "wire/usb.h"

/* The copy of the configuration block in RAM: with a C2 EEPROM, the boot ROM
   writes it there.  FPGA_LOAD_CFG changes this copy only. */
#define config (*(__xdata struct config_block *)EEPROM_CONFIG_RAM)

/* The chip sends descriptors from this buffer of 256 B.  The address must be
   even (TRM 8.5). */
#define descriptor_buffer ((__xdata uint8_t *)0x3d00)

/* EP1's buffers */
#define request (*(__xdata struct mgmt_packet *)EP1OUTBUF)
#define reply   (*(__xdata struct mgmt_packet *)EP1INBUF)

/* main.c */
#define TICKS_DISCHARGE 17 /* ticks of 16.384 ms: at least 262 ms */
/* The ticks until the ports' supplies have discharged; 0: they have. */
extern volatile uint8_t discharge;
/* The host tests the LEDs: nothing else may switch them. */
extern bool test_leds;
/* Turn supplies off, bits of PORTD_ENABLES. */
void supplies_off(uint8_t enables);
void show_error(bool on);
void show_configured(bool on);
/* Wait: `count` quarters of a microsecond; until supplies have discharged. */
void wait(uint16_t count);
void wait_for_discharge(void);
/* To be called when timer 2 has overflowed. */
void tick(void);

/* i2c.c: each function ends after a limited time.  A chip's address has 7
   bits.  False if a chip did not answer; the bus is free then. */
void i2c_init(void);
bool i2c_write(uint8_t chip, __xdata const uint8_t *data, uint8_t size);
/* Write bytes of i2c_head, then read, to `data`; or to the FPGA's configuration
   port if `data` is NULL. */
bool i2c_read(
	uint8_t chip, uint8_t head_size, __xdata uint8_t *data, uint16_t size);
/* The bytes that i2c_read() and i2c_write() send before the data: a command, a
   register, an address of a memory. */
extern __xdata uint8_t i2c_head[2];
bool i2c_write_headed(uint8_t chip, uint8_t head_size,
	__xdata const uint8_t *data, uint8_t size);
/* SMBus: a command with 0 to 2 bytes of data, low byte first. */
bool smbus_put(uint8_t chip, uint8_t command, uint16_t value, uint8_t size);
bool smbus_get(uint8_t chip, uint8_t command, uint8_t size);
extern __xdata uint16_t smbus_value; /* of smbus_get() */

/* usb.c */
void usb_connect(void);
/* Look for a SETUP packet.  Requests that touch nothing are answered here; the
   others are left to usb_carry_out(), which the main loop calls. */
void usb_poll(void);
extern bool usb_deferred; /* a request waits for usb_carry_out() */
void usb_carry_out(void);
extern __xdata uint8_t usb_alternate[USB_IFACE_COUNT];

/* descriptors.c: put a descriptor into descriptor_buffer.  Its size; 0 = there
   is none. */
uint8_t descriptor_find(uint8_t type, uint8_t index);
uint8_t descriptor_microsoft(uint8_t index);
uint8_t descriptor_webusb(void);

/* pipes.c: endpoints 2 to 8 and their alternate settings. */
void pipes_init(void);
bool pipes_select(uint8_t interface, uint8_t alternate);
void pipes_reset(void);

/* fpga.c */
extern bool fpga_ready; /* it is configured, and its pipes may be used */
extern uint8_t fpga_pipe_reset; /* the value of REG_PIPE_RESET */
void fpga_init(void);
bool fpga_write_pipe_reset(void);
void fpga_begin_load(uint8_t alternate);
void fpga_end_load(void);
void fpga_poll_load(void);
/* A bitstream from ICE_MEM, step by step; true while there is more to do. */
extern bool fpga_booting;
void fpga_boot(void);
/* Before a supply is turned on: drop a configuration that an earlier firmware
   left in the FPGA, of which the host does not know. */
void fpga_drop_old(void);
void fpga_poll_alert(void);

/* spi.c: clock bytes into the FPGA's configuration port. */
/* Before the others; at most a packet of data. */
void spi_init(void);
void spi_byte(uint8_t byte);
void spi_write(__xdata const uint8_t *data, uint16_t size);

/* nvm.c */
void nvm_load_config(void);
bool nvm_save_config(uint8_t offset, uint8_t size);
/* Bytes of a stored bitstream, into the FPGA. */
bool nvm_configure(uint32_t offset, uint16_t size);
bool nvm_write(uint32_t offset, __xdata const uint8_t *data, uint16_t size);

/* ports.c */
extern uint8_t ports_mask; /* 0 on boards that this firmware is not for */
void ports_init(void);
void ports_poll_alert(void);

/* mgmt.c */
extern __xdata struct mgmt_alerts alerts;
extern bool alert_pending;               /* to be sent unsolicited */
extern uint8_t request_size, reply_size; /* of the data */
/* Bits of EP01STAT that must be 0 for mgmt_poll() to have work. */
extern uint8_t mgmt_awaits;
void copy_bytes(__xdata uint8_t *to, __xdata const uint8_t *from, uint8_t size);
void mgmt_reset(void);
void mgmt_poll(void);
/* To be called after `alert_pending` has changed. */
void mgmt_watch(void);

/* Handlers of requests: `request` is complete, its size is that of the table,
   and the reply's data is zero. */
enum mgmt_result nvm_write_eeprom(void);
enum mgmt_result nvm_read_eeprom(void);
enum mgmt_result fpga_load_cfg(void);
enum mgmt_result fpga_load_nvm(void);
enum mgmt_result fpga_status(void);
enum mgmt_result fpga_set_register(void);
enum mgmt_result fpga_get_register(void);
enum mgmt_result ports_set_vsupply(void);
enum mgmt_result ports_get_vsupply(void);
enum mgmt_result ports_set_vlimit(void);
enum mgmt_result ports_get_vlimit(void);
enum mgmt_result ports_set_valert(void);
enum mgmt_result ports_get_valert(void);
enum mgmt_result ports_set_ialert(void);
enum mgmt_result ports_get_ialert(void);
enum mgmt_result ports_get_vsense(void);
enum mgmt_result ports_get_isupply(void);
enum mgmt_result ports_set_pulls(void);
enum mgmt_result ports_get_pulls(void);
enum mgmt_result ports_get_state(void);
enum mgmt_result leds_test(void);

#endif
