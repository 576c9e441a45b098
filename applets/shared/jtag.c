/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* JTAG for the applets that serve clients; see jtag.h. */
#include "jtag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"
#include "lib/core/applet.h"

/* Beside its bits, a batch may take so long: the device may be busy with other
   things. */
#define SLACK_NS INT64_C(2000000000)

#define DELAY_MAX_NS 73
#define FIND_MS      10000 /* of the search for the delay */

struct jtag {
	struct clyde_run *run;
	struct clyde_jtag *jtag;
	uint32_t rate_hz;
	int delay_ns;
	uint8_t pins;
	int64_t done_ns; /* when all that was sent is done, at the earliest */
	uint64_t last;
};

/* ---- Claims --------------------------------------------------------------- */

enum line { TCK, TMS, TDI, TDO, TRST, SRST };

static const char *const names[] = {"tck", "tms", "tdi", "tdo", "trst", "srst"};

#define NAMES    (sizeof(names) / sizeof(*names))
#define REQUIRED 4

static const struct clyde_pin *pin_of(struct clyde_run *run, size_t line)
{
	const struct clyde_pin *pin;

	return run_pins(run, names[line], &pin) ? pin : NULL;
}

bool jtag_finds_delay(struct clyde_run *run)
{
	return strcmp(run_text(run, "sample-delay"), "auto") == 0;
}

static bool parse_delay(struct clyde_run *run, int *ret_delay_ns)
{
	static const struct number_form form = {.maximum = DELAY_MAX_NS};
	uint64_t delay_ns = 0;
	bool good = jtag_finds_delay(run) ||
		number_parse(run_text(run, "sample-delay"), &form, &delay_ns,
			NULL) == NUMBER_OK;

	*ret_delay_ns = (int)delay_ns;
	return good;
}

int jtag_claim(struct clyde_run *run, const char *applet)
{
	int delay_ns;
	const struct jtag_pins pins = {
		.tck = pin_of(run, TCK),
		.tms = pin_of(run, TMS),
		.tdi = pin_of(run, TDI),
		.tdo = pin_of(run, TDO),
		.trst = pin_of(run, TRST),
		.srst = pin_of(run, SRST),
	};

	for (size_t i = 0; i < REQUIRED; i++)
		if (pin_of(run, i) == NULL)
			return set_error(CLYDE_ERROR_INVALID,
				"%s: a pin is needed for --%s", applet,
				names[i]);
	if (!parse_delay(run, &delay_ns))
		return set_error(CLYDE_ERROR_INVALID,
			"%s: --sample-delay: '%.20s' is neither auto nor a "
			"number of ns in 0..%d",
			applet, run_text(run, "sample-delay"), DELAY_MAX_NS);
	return run_claim_jtag(run, &pins);
}

/* ---- Batches -------------------------------------------------------------- */

static void will_take(struct jtag *jtag, int64_t time_ns)
{
	int64_t now = now_ns(run_device(jtag->run));

	if (jtag->done_ns < now)
		jtag->done_ns = now;
	jtag->done_ns += time_ns;
}

/* So long may it take until all that was sent is done. */
static int limit_ms(const struct jtag *jtag)
{
	int64_t rest = jtag->done_ns - now_ns(run_device(jtag->run));

	return ((rest > 0 ? rest : 0) + SLACK_NS) / 1000000;
}

static int submit(struct jtag *jtag, const struct clyde_jtag_step *step)
{
	return clyde_jtag_submit(
		jtag->jtag, step, 1, 0, &jtag->last, limit_ms(jtag));
}

int jtag_submit(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi, uint8_t *tdo, uint64_t *ret_ticket)
{
	const struct clyde_jtag_step step = {
		.kind = CLYDE_JTAG_VECTOR,
		.bits = bits,
		.tms = tms,
		.out = tdi,
		.in = tdo,
	};
	int result;

	will_take(jtag, INT64_C(1000000000) * bits / jtag->rate_hz);
	result = submit(jtag, &step);
	*ret_ticket = jtag->last;
	return result;
}

int jtag_collect(struct jtag *jtag, uint64_t ticket)
{
	return clyde_jtag_collect(jtag->jtag, ticket, limit_ms(jtag));
}

int jtag_shift(struct jtag *jtag, uint32_t bits, const uint8_t *tms,
	const uint8_t *tdi, uint8_t *tdo)
{
	uint64_t ticket;
	int result = jtag_submit(jtag, bits, tms, tdi, tdo, &ticket);

	return result < 0 ? result : jtag_collect(jtag, ticket);
}

/* A reset without a pin is none. */
int jtag_set_resets(struct jtag *jtag, bool trst, bool srst)
{
	struct clyde_jtag_step step = {.kind = CLYDE_JTAG_PINS};

	if (!trst || !pin_of(jtag->run, TRST))
		step.pins |= CLYDE_JTAG_TRST_HIGH;
	if (!srst || !pin_of(jtag->run, SRST))
		step.pins |= CLYDE_JTAG_SRST_HIGH;
	jtag->pins = step.pins;
	return submit(jtag, &step);
}

int jtag_delay(struct jtag *jtag, uint32_t delay_us)
{
	const struct clyde_jtag_step step = {
		.kind = CLYDE_JTAG_PINS,
		.pins = jtag->pins,
		.delay_us = delay_us,
	};

	will_take(jtag, INT64_C(1000) * delay_us);
	return submit(jtag, &step);
}

int jtag_read_tdo(struct jtag *jtag, bool *ret_high)
{
	uint64_t levels = 0;
	int result = jtag->last ? jtag_collect(jtag, jtag->last) : 0;

	if (result == 0)
		result = clyde_core_read(run_device(jtag->run),
			CLYDE_CORE_PROBE, "levels", &levels);
	*ret_high = levels & 1;
	return result;
}

int jtag_set_rate(struct jtag *jtag, uint32_t rate_hz, uint32_t *ret_rate_hz)
{
	int result;

	if (rate_hz > JTAG_RATE_MAX)
		rate_hz = JTAG_RATE_MAX;
	if (rate_hz < JTAG_RATE_MIN)
		rate_hz = JTAG_RATE_MIN;
	result = clyde_jtag_configure(
		jtag->jtag, rate_hz, jtag->delay_ns, &jtag->rate_hz);

	if (ret_rate_hz)
		*ret_rate_hz = jtag->rate_hz;
	return result;
}

/* ---- Opening -------------------------------------------------------------- */

static void tell_start(struct jtag *jtag)
{
	char pins[96] = "";
	size_t size = 0;

	for (size_t i = 0; i < NAMES; i++) {
		const struct clyde_pin *pin = pin_of(jtag->run, i);

		if (pin)
			size += snprintf(pins + size, sizeof(pins) - size,
				"%s%s %c%u%s", size ? ", " : "", names[i],
				'A' + pin->port, pin->number,
				pin->invert ? "#" : "");
	}
	run_tell(jtag->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("pins", pins),
			COUNT_FIELD("rate_hz", jtag->rate_hz), END_FIELD},
		"%s, %.6g MHz", pins, jtag->rate_hz / 1e6);
}

static int find_delay(struct jtag *jtag)
{
	int result =
		clyde_jtag_find_delay(jtag->jtag, &jtag->delay_ns, FIND_MS);

	if (result == 0)
		run_tell(jtag->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "delay"),
				COUNT_FIELD("delay_ns", jtag->delay_ns),
				END_FIELD},
			"TDO is sampled %d ns after the falling edge of TCK",
			jtag->delay_ns);
	return result;
}

int jtag_open(struct clyde_run *run, uint32_t rate_hz, struct jtag **ret_jtag)
{
	struct jtag *jtag = calloc(1, sizeof(*jtag));
	struct clyde_jtag_options options = {0};
	int result;

	if (jtag == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	jtag->run = run;
	parse_delay(run, &jtag->delay_ns);
	jtag->pins = CLYDE_JTAG_TRST_HIGH | CLYDE_JTAG_SRST_HIGH;
	options.rate_hz = rate_hz;
	options.sample_delay_ns = jtag->delay_ns;
	result = run_jtag(run, &options, &jtag->jtag);
	if (result == 0)
		result = jtag_set_rate(jtag, rate_hz, NULL);
	if (result == 0)
		tell_start(jtag);
	if (result == 0 && jtag_finds_delay(run))
		result = find_delay(jtag);
	if (result < 0) {
		jtag_close(jtag);
		return result;
	}
	*ret_jtag = jtag;
	return 0;
}

void jtag_close(struct jtag *jtag)
{
	if (jtag)
		clyde_jtag_close(jtag->jtag);
	free(jtag);
}

struct clyde_jtag *jtag_core(struct jtag *jtag)
{
	return jtag->jtag;
}
