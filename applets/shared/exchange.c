/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Exchanges of spi-controller.c and qspi-controller.c: all words are one batch
 * for the core.  Nothing may be sent before all words were found right.
 */
#include "exchange.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"

/* ---- Bytes ------------------------------------------------------------ */

/* The bytes of a word, or -1 if it is not pairs of digits.  Blanks may stand
   between bytes.  `bytes` has room for half of the word's length, or is
   NULL. */
static ssize_t parse_bytes(const char *text, uint8_t *bytes)
{
	ssize_t size = 0;

	while (*text) {
		unsigned high = number_digit((unsigned char)text[0]), low;

		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		low = number_digit((unsigned char)text[1]);
		if (high > 15 || low > 15)
			return -1;
		if (bytes)
			bytes[size] = (uint8_t)(high << 4 | low);
		size++;
		text += 2;
	}
	return size ? size : -1;
}

static char *format_bytes(const uint8_t *bytes, size_t size)
{
	char *text = calloc(2 * size + 1, 1);

	for (size_t i = 0; text && i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

int exchange_check(struct clyde_run *run)
{
	char *const *words;
	unsigned count = run_words(run, "data", &words);

	for (unsigned i = 0; i < count; i++)
		if (parse_bytes(words[i], NULL) < 0)
			return set_error(CLYDE_ERROR_INVALID,
				"data: '%s' is not hexadecimal bytes like "
				"9f000000",
				words[i]);
	return 0;
}

/* ---- Pins ------------------------------------------------------------- */

const struct clyde_pin *exchange_pin(struct clyde_run *run, const char *name)
{
	const struct clyde_pin *pins;

	return run_pins(run, name, &pins) ? pins : NULL;
}

void exchange_name_pin(
	char *text, size_t size, const char *name, const struct clyde_pin *pin)
{
	size_t used = strlen(text);
	const char *comma = used ? ", " : "";

	if (pin)
		snprintf(text + used, size - used, "%s%s %c%u%s", comma, name,
			'A' + pin->port, pin->number, pin->invert ? "#" : "");
	else
		snprintf(text + used, size - used, "%s%s none", comma, name);
}

/* ---- Exchanges -------------------------------------------------------- */

struct exchange {
	struct clyde_run *run;
	char *const *words;
	unsigned count;
	unsigned ways; /* enum exchange_way */
	struct clyde_spi_step *steps;
	uint8_t *sent, *received;
};

static bool make_steps(struct exchange *exchange)
{
	size_t room = 0, at = 0;

	/* The table requires a word. */
	assert(exchange->count > 0);
	for (unsigned i = 0; i < exchange->count; i++)
		room += strlen(exchange->words[i]) / 2;
	exchange->steps = calloc(exchange->count, sizeof(*exchange->steps));
	exchange->sent = malloc(room);
	exchange->received = malloc(room);
	if (!exchange->steps || !exchange->sent || !exchange->received)
		return false;
	for (unsigned i = 0; i < exchange->count; i++) {
		struct clyde_spi_step *step = &exchange->steps[i];

		step->flags = CLYDE_SPI_DESELECT;
		step->size = (uint32_t)parse_bytes(
			exchange->words[i], exchange->sent + at);
		if (exchange->ways & EXCHANGE_SENDS)
			step->out = exchange->sent + at;
		if (exchange->ways & EXCHANGE_RECEIVES)
			step->in = exchange->received + at;
		at += step->size;
	}
	return true;
}

/* A line for each exchange, as upstream prints it; none if nothing can be
   received. */
static int report(const struct exchange *exchange)
{
	bool failed = false;

	for (unsigned i = 0; i < exchange->count && !failed; i++) {
		const struct clyde_spi_step *step = &exchange->steps[i];
		char *sent =
			format_bytes(step->out, step->out ? step->size : 0);
		char *received =
			format_bytes(step->in, step->in ? step->size : 0);
		const struct clyde_field fields[] = {TEXT_FIELD("sent", sent),
			TEXT_FIELD("received", received), END_FIELD};
		const struct clyde_record record = {
			"exchanges", step->in ? received : NULL, fields};

		failed = !sent || !received;
		if (!failed)
			run_record(exchange->run, &record);
		free(received);
		free(sent);
	}
	return failed ? set_error(CLYDE_ERROR_NO_MEMORY, "out of memory") : 0;
}

static int exchange_all(struct exchange *exchange, struct clyde_spi *spi)
{
	int result;

	if (!make_steps(exchange))
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	result = clyde_spi_transfer(
		spi, 0, exchange->steps, exchange->count, -1);
	return result < 0 ? result : report(exchange);
}

/* ---- The run ---------------------------------------------------------- */

/* "100 kHz", "6.857 MHz" */
static void rate_text(uint32_t hz, char text[32])
{
	if (hz >= 1000000)
		snprintf(text, 32, "%.4g MHz", hz / 1e6);
	else
		snprintf(text, 32, "%.4g kHz", hz / 1e3);
}

/* A rate that the core has not is told with the one that it took. */
static void tell_start(
	struct clyde_run *run, const char *pins, uint8_t mode, uint32_t real_hz)
{
	uint32_t hz = (uint32_t)run_value(run, "frequency");
	char asked[32], real[32], instead[48] = "";

	rate_text(hz, asked);
	rate_text(real_hz, real);
	if (hz != real_hz)
		snprintf(instead, sizeof(instead), " for %s", asked);
	run_tell(run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("pins", pins),
			COUNT_FIELD("rate_hz", real_hz),
			COUNT_FIELD("mode", mode), END_FIELD},
		"%s, %s%s, mode %u", pins, real, instead, mode);
}

static int open_core(struct clyde_run *run, uint8_t mode,
	struct clyde_spi **ret_spi, uint32_t *ret_hz)
{
	struct clyde_spi_options options = {
		.rate_hz = (uint32_t)run_value(run, "frequency"),
		.mode = mode,
	};
	int result;

	if (run_given(run, "sample-delay"))
		options.sample_delay_ns = (int)run_value(run, "sample-delay");
	if (run_given(run, "sample-delay") && options.sample_delay_ns == 0)
		options.sample_delay_ns = -1;
	result = run_spi(run, &options, ret_spi);
	if (result == 0)
		result = clyde_spi_configure(*ret_spi, options.rate_hz, mode,
			options.sample_delay_ns, ret_hz);
	return result;
}

int exchange_run(
	struct clyde_run *run, const char *pins, uint8_t mode, unsigned ways)
{
	struct exchange exchange = {.run = run, .ways = ways};
	struct clyde_spi *spi = NULL;
	uint32_t real_hz;
	int result = open_core(run, mode, &spi, &real_hz);

	if (result == 0) {
		tell_start(run, pins, mode, real_hz);
		exchange.count = run_words(run, "data", &exchange.words);
		result = exchange_all(&exchange, spi);
	}
	/* The core writes to `received` until it is closed. */
	clyde_spi_close(spi);
	free(exchange.steps);
	free(exchange.sent);
	free(exchange.received);
	return result;
}
