/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Shared by the tests of the virtual device, which is below the library:
 * cmocka; a script, which is a USB function whose answers the test gives; a
 * rig, which is a virtual Glasgow on a bus of its own.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "virtual/bus/bus.h"
#include "virtual/fx2/device.h"
#include "wire/core-benchmark.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- A function by script ---- */

/* What an endpoint answers to one token; only an IN answer has a length. */
struct answer {
	enum handshake handshake;
	uint16_t length;
};

struct script_endpoint {
	const struct answer *answers; /* The last one is repeated for ever. */
	size_t count;                 /* 0: it refuses all. */
	size_t next;
	tick ready;     /* Refuses all until then. */
	uint32_t moved; /* Bytes taken or given. */
	unsigned wrong; /* Bytes taken that were not script_byte(). */
};

/*
 * A function that answers as its endpoints are set, and asserts that time never
 * goes back.  The log has a word for each packet: S, P, O and the length, I and
 * the length, A for "acked"; behind them y for NYET, n for NAK, s for STALL.
 */
struct script {
	struct function function;
	struct script_endpoint out[16], in[16];
	bool vague; /* Does not announce when it will be ready. */
	tick now;
	tick acked; /* When the last packet was acknowledged. */
	char log[512];
};

void script_init(struct script *script);

#define ANSWERS(endpoint, ...)                                           \
	script_answer(&(endpoint), (const struct answer[]){__VA_ARGS__}, \
		sizeof((const struct answer[]){__VA_ARGS__}) /           \
			sizeof(struct answer))
void script_answer(struct script_endpoint *endpoint,
	const struct answer *answers, size_t count);

/* Returns the byte at an offset of any stream that a script gives or
   expects. */
uint8_t script_byte(uint32_t offset);

/* ---- A virtual Glasgow on a bus ---- */

struct rig {
	struct device *device;
	struct bus *bus;
};

/* A C3 with the serial number 20230101T120000Z and no other options. */
extern const struct device_options rig_c3;

/* Faults are one script such as "error@0x22", or NULL. */
void rig_open(struct rig *rig, const struct device_options *options,
	const char *fault);
void rig_close(struct rig *rig);

/* Configures the FPGA at once, as if Clyde's image had been loaded. */
void rig_configure(struct rig *rig);

/*
 * Waits for a urb that was submitted; returns the bytes moved or -errno, and
 * -ETIMEDOUT after ten seconds of virtual time.  From then on, `user` of any
 * other urb that completed points to that urb.
 */
int rig_wait(struct rig *rig, struct urb *urb);
int rig_control(struct rig *rig, uint8_t type, uint8_t request, uint16_t value,
	uint16_t index, void *data, uint16_t length);
int rig_transfer(
	struct rig *rig, uint8_t endpoint, void *data, uint32_t length);

/* Waits until the device has left the bus and is back; returns false if it does
   not leave, or does not come back, within two seconds. */
bool rig_return(struct rig *rig);

/* SET_INTERFACE: returns 0, or -EPIPE if it stalled. */
int rig_select(struct rig *rig, uint16_t interface, uint16_t alternate);

/* Sends a management request with serial 0x5a, on an interface that is on, and
   stores the whole reply; returns its size or -errno. */
int rig_ask(struct rig *rig, uint8_t code, const void *data, size_t size,
	struct mgmt_packet *ret_reply);

/* The same for requests that must be acknowledged. */
void rig_do(struct rig *rig, uint8_t code, const void *data, size_t size,
	struct mgmt_packet *ret_reply);

/* Attaches the benchmark core in this mode to EP2 and EP6, as the mode
   needs. */
void rig_attach(struct rig *rig, enum bench_mode mode);

/* Values of FPGA registers are little endian. */
void rig_write_register(
	struct rig *rig, uint8_t reg, uint32_t value, size_t size);
uint32_t rig_read_register(struct rig *rig, uint8_t reg, size_t size);

#endif
