/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The calls of clyde.h that find the TAPs of a chain, and the delay of their TDO:
 * they clock what jtag-chain.c makes something of.  Called with the tree locked.
 */
#include <string.h>

#include "jtag-chain.h"
#include "lib/core/jtag.h"

_Static_assert(CLYDE_TAPS_MAX == JTAG_CHAIN_TAPS, "CLYDE_TAPS_MAX");

#define BYTES(bits) (((bits) + 7) / 8)

/* ---- The chain -------------------------------------------------------- */

/* Zeros, then as many ones. */
#define RUN_BITS  (2 * JTAG_CHAIN_ZEROS)
#define RUN_BYTES BYTES(RUN_BITS)

/* What came back, see jtag-chain.h. */
struct found {
	uint8_t devices[BYTES(JTAG_CHAIN_CLOCKS)];
	uint8_t ir[RUN_BYTES], dr[RUN_BYTES];
};

/* All three scans in one batch: one round trip. */
static int read_chain(
	struct clyde_jtag *jtag, struct found *found, int timeout_ms)
{
	static const struct clyde_jtag_step reset = {
		.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET};
	uint8_t run[RUN_BYTES];
	const struct clyde_jtag_step steps[] = {
		reset,
		{.kind = CLYDE_JTAG_DR,
			.bits = JTAG_CHAIN_CLOCKS,
			.in = found->devices,
			.state = CLYDE_TAP_IDLE},
		{.kind = CLYDE_JTAG_IR,
			.bits = RUN_BITS,
			.out = run,
			.in = found->ir,
			.state = CLYDE_TAP_IDLE},
		{.kind = CLYDE_JTAG_DR,
			.bits = RUN_BITS,
			.out = run,
			.in = found->dr,
			.state = CLYDE_TAP_IDLE},
		reset,
	};

	memset(run, 0, RUN_BYTES / 2);
	memset(run + RUN_BYTES / 2, 0xff, RUN_BYTES / 2);
	return jtag_transfer(
		jtag, steps, sizeof(steps) / sizeof(steps[0]), timeout_ms);
}

static int report(enum jtag_chain_result result)
{
	bool dead =
		result == JTAG_CHAIN_ALL_ZEROS || result == JTAG_CHAIN_ALL_ONES;

	return result == JTAG_CHAIN_OK
		? 0
		: set_error(dead ? CLYDE_ERROR_NO_CHIP : CLYDE_ERROR_CHAIN,
			  "%s", jtag_chain_says(result));
}

/* The lengths of IRs that cannot be told stay 0. */
static int take_chain(const struct found *found, struct jtag_chain *ret_chain,
	size_t *ret_ir_bits)
{
	size_t bypasses = 0;
	int result = report(jtag_chain_devices(
		found->devices, JTAG_CHAIN_CLOCKS, ret_chain));

	if (result == 0)
		result = report(jtag_chain_length(
			found->ir, JTAG_CHAIN_ZEROS, ret_ir_bits));
	if (result == 0)
		result = report(jtag_chain_length(
			found->dr, JTAG_CHAIN_ZEROS, &bypasses));
	if (result < 0)
		return result;
	if (bypasses != ret_chain->count)
		return set_error(CLYDE_ERROR_CHAIN,
			"the chain has %u TAPs after a reset, and %zu in "
			"BYPASS: TCK is too fast, or the signals are disturbed",
			ret_chain->count, bypasses);
	jtag_chain_split(found->ir, *ret_ir_bits, ret_chain);
	return 0;
}

static int find_chain(struct clyde_jtag *jtag, struct jtag_chain *ret_chain,
	size_t *ret_ir_bits, int timeout_ms)
{
	struct found found;
	int result = read_chain(jtag, &found, timeout_ms);

	return result < 0 ? result : take_chain(&found, ret_chain, ret_ir_bits);
}

static int check_tdi(const struct clyde_jtag *jtag)
{
	return jtag_has(jtag, PROBE_OUTPUT_TDI) ? 0
						: set_error(CLYDE_ERROR_INVALID,
							  "a chain is found "
							  "with tdi, which has "
							  "no pin");
}

static int find_taps(struct clyde_jtag *jtag, struct clyde_tap *taps,
	size_t count, uint32_t *ret_ir_bits, int timeout_ms)
{
	struct jtag_chain chain = {0};
	size_t ir_bits = 0;
	int result = check_buffer("taps", taps, count);

	if (result == 0)
		result = check_tdi(jtag);
	if (result == 0)
		result = find_chain(jtag, &chain, &ir_bits, timeout_ms);
	if (result < 0)
		return result;
	for (size_t i = 0; i < count && i < chain.count; i++)
		taps[i] = (struct clyde_tap){
			chain.taps[i].idcode, chain.taps[i].ir_bits};
	if (ret_ir_bits)
		*ret_ir_bits = ir_bits;
	return chain.count;
}

CLYDE_API int clyde_jtag_chain(struct clyde_jtag *handle,
	struct clyde_tap *taps, size_t count, uint32_t *ret_ir_bits,
	int timeout_ms)
{
	return CALL(jtag, handle,
		find_taps(jtag, taps, count, ret_ir_bits, timeout_ms));
}

/* ---- The delay -------------------------------------------------------- */

#define SLOW_PERIOD  48 /* 1 MHz */
#define DELAYS       8
#define PATTERN_BITS 1024 /* and the chain's delay */
#define SIGNATURE    BYTES(PATTERN_BITS + JTAG_CHAIN_TAPS)

/* What is read in a test of a delay: IDCODEs and BYPASS bits, then a pattern
   through BYPASS. */
struct signature {
	uint8_t devices[BYTES(JTAG_CHAIN_CLOCKS)];
	uint8_t pattern[SIGNATURE];
};

static int delay_ns(unsigned delay)
{
	return (delay * 1000 + 48) / 96;
}

/* Levels that last one to several clocks. */
static void make_pattern(uint8_t pattern[SIGNATURE])
{
	uint32_t state = 1;

	for (size_t i = 0; i < SIGNATURE; i++) {
		state = state * UINT32_C(1664525) + UINT32_C(1013904223);
		pattern[i] = state >> 24;
	}
}

static int read_signature(struct clyde_jtag *jtag, unsigned taps,
	struct signature *signature, int timeout_ms)
{
	static const struct clyde_jtag_step reset = {
		.kind = CLYDE_JTAG_STATE, .state = CLYDE_TAP_RESET};
	uint8_t pattern[SIGNATURE];
	const struct clyde_jtag_step steps[] = {
		reset,
		{.kind = CLYDE_JTAG_DR,
			.bits = 32 * taps,
			.in = signature->devices,
			.state = CLYDE_TAP_IDLE},
		{.kind = CLYDE_JTAG_IR,
			.bits = JTAG_CHAIN_IR,
			.state = CLYDE_TAP_IDLE},
		{.kind = CLYDE_JTAG_DR,
			.bits = PATTERN_BITS + taps,
			.out = pattern,
			.in = signature->pattern,
			.state = CLYDE_TAP_IDLE},
		reset,
	};

	memset(signature, 0, sizeof(*signature));
	make_pattern(pattern);
	return jtag_transfer(
		jtag, steps, sizeof(steps) / sizeof(steps[0]), timeout_ms);
}

static void set(struct clyde_jtag *jtag, uint16_t period, unsigned delay)
{
	jtag->config.period = period;
	jtag->config.mode = delay << PROBE_SAMPLE_DELAY_SHIFT;
}

/* Which delays read what was read slowly: a bit each. */
static int try_delays(struct clyde_jtag *jtag, uint16_t period, unsigned taps,
	unsigned *ret_right, int timeout_ms)
{
	struct signature slow, seen;
	int result = read_signature(jtag, taps, &slow, timeout_ms);

	*ret_right = 0;
	for (unsigned i = 0; i < DELAYS && result == 0; i++) {
		set(jtag, period, i);
		result = read_signature(jtag, taps, &seen, timeout_ms);
		if (result == 0 && memcmp(&slow, &seen, sizeof(seen)) == 0)
			*ret_right |= 1u << i;
	}
	return result;
}

/* The middle of the longest run of ones, the lower one of two. */
static unsigned middle(unsigned right)
{
	unsigned best = 0, best_size = 0, size = 0;

	for (unsigned i = 0; i < DELAYS; i++) {
		size = right >> i & 1 ? size + 1 : 0;
		if (size > best_size) {
			best_size = size;
			best = i + 1 - size + (size - 1) / 2;
		}
	}
	return best;
}

static int search(struct clyde_jtag *jtag, uint16_t period, unsigned *ret_delay,
	int timeout_ms)
{
	struct jtag_chain chain = {0};
	unsigned right = 0;
	size_t ir_bits = 0;
	int result;

	set(jtag, period > SLOW_PERIOD ? period : SLOW_PERIOD, 0);
	result = find_chain(jtag, &chain, &ir_bits, timeout_ms);
	if (result == 0)
		result = try_delays(
			jtag, period, chain.count, &right, timeout_ms);
	if (result == 0 && right == 0)
		return set_error(CLYDE_ERROR_CHAIN,
			"TDO is not read right at %u Hz with any delay: TCK is "
			"too fast",
			CORE_CLOCK_HZ / period);
	if (result == 0)
		*ret_delay = middle(right);
	return result;
}

static int find_delay(
	struct clyde_jtag *jtag, int *ret_delay_ns, int timeout_ms)
{
	uint16_t period = jtag->config.period;
	unsigned delay = jtag->config.mode >> PROBE_SAMPLE_DELAY_SHIFT;
	int result = check_tdi(jtag);

	if (result < 0)
		return result;
	result = search(jtag, period, &delay, timeout_ms);
	set(jtag, period, delay);
	if (result == 0 && ret_delay_ns)
		*ret_delay_ns = delay_ns(delay);
	return result;
}

CLYDE_API int clyde_jtag_find_delay(
	struct clyde_jtag *handle, int *ret_delay_ns, int timeout_ms)
{
	return CALL(jtag, handle, find_delay(jtag, ret_delay_ns, timeout_ms));
}
