/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The texts of faults: read from URIs and options, written for the log and for
 * `clyde virtual`.  The text is foreign input, so each function refuses what it
 * does not know, with a clause that says why.
 */
#include "faults.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/number.h"
#include "wire/usb.h"

/* What follows the "@". */
enum place {
	NOWHERE,
	POSITION,
	TIME,     /* us; the unit may be left out */
	WHERE,    /* enum fault_where, and an endpoint */
	WHERE_IN, /* the same, endpoints IN only */
	ANYWHERE, /* enum fault_where, without an endpoint */
};

/* What follows the ":". */
enum measure {
	NOTHING,
	SIZE,    /* a number of bytes; default 1 */
	TIMES,   /* a number of occurrences; default 1 */
	OFTEN,   /* a number of occurrences; default: for ever */
	NEEDED,  /* a number that is required */
	PARTIAL, /* a number of bytes that is required, less than a packet */
	ALWAYS,  /* a number that is required; the fault happens for ever */
};

static const struct form {
	const char *name;
	enum place place;
	enum measure measure;
} forms[FAULT_KINDS] = {
	[FAULT_DROP] = {"drop", POSITION, SIZE},
	[FAULT_FLIP] = {"flip", POSITION, SIZE},
	[FAULT_REPEAT] = {"repeat", POSITION, TIMES},
	[FAULT_ERROR] = {"error", POSITION, OFTEN},
	[FAULT_WAIT] = {"wait", POSITION, OFTEN},
	[FAULT_SERIAL] = {"serial", POSITION, OFTEN},
	[FAULT_MUTE] = {"mute", POSITION, OFTEN},
	[FAULT_SHORT] = {"short", POSITION, OFTEN},
	[FAULT_ALERT] = {"alert", POSITION, OFTEN},
	[FAULT_DELAY] = {"delay", POSITION, ALWAYS},
	[FAULT_TWICE] = {"twice", POSITION, OFTEN},
	[FAULT_JUNK] = {"junk", POSITION, OFTEN},
	[FAULT_TRIP] = {"trip", TIME, NOTHING},
	[FAULT_DONE] = {"done", NOWHERE, NOTHING},
	[FAULT_HEALTH] = {"health", NOWHERE, NOTHING},
	[FAULT_NACK] = {"nack", POSITION, OFTEN},
	[FAULT_CORE] = {"core", POSITION, NOTHING},
	[FAULT_VERSION] = {"version", POSITION, NOTHING},
	[FAULT_UNPLUG] = {"unplug", TIME, NOTHING},
	[FAULT_UNPLUG_AFTER] = {"pull", POSITION, NOTHING},
	[FAULT_REPLUG] = {"replug", TIME, NOTHING},
	[FAULT_SWAP] = {"swap", TIME, NOTHING},
	[FAULT_BUSY] = {"busy", NOWHERE, NOTHING},
	[FAULT_STALL] = {"stall", POSITION, NOTHING},
	[FAULT_DESCRIPTOR] = {"descriptor", POSITION, SIZE},
	[FAULT_GARBLE] = {"garble", POSITION, NOTHING},
	[FAULT_RAM] = {"ram", POSITION, NOTHING},
	[FAULT_LOST] = {"lost", NOWHERE, NOTHING},
	[FAULT_DENIED] = {"denied", NOWHERE, NOTHING},
	[FAULT_SLOW] = {"slow", NOWHERE, NOTHING},
	[FAULT_HALT] = {"halt", WHERE, TIMES},
	[FAULT_CUT] = {"cut", WHERE_IN, PARTIAL},
	[FAULT_ZLP] = {"zlp", WHERE_IN, TIMES},
	[FAULT_NAK] = {"nak", WHERE, NEEDED},
	[FAULT_BABBLE] = {"babble", WHERE_IN, TIMES},
	[FAULT_FAIL] = {"fail", WHERE, TIMES},
	[FAULT_NOMEM] = {"nomem", WHERE, TIMES},
	[FAULT_REFUSE] = {"refuse", WHERE, TIMES},
	[FAULT_LATE] = {"late", WHERE, NEEDED},
	[FAULT_BURST] = {"burst", WHERE, NEEDED},
	[FAULT_NEVER] = {"never", WHERE, TIMES},
	[FAULT_RESET] = {"reset", ANYWHERE, NOTHING},
};

/* The rest of a text that is being read, and why it is refused. */
struct reader {
	const char *text;
	const char *why;
};

static int refuse(struct reader *reader, const char *why)
{
	reader->why = why;
	return -EINVAL;
}

static int read_number(struct reader *reader, uint64_t *ret_number)
{
	static const struct number_form form = {
		.c_prefixes = true, .maximum = UINT64_MAX};

	switch (number_parse(reader->text, &form, ret_number, &reader->text)) {
	case NUMBER_OK:
		return 0;
	case NUMBER_RANGE:
		return refuse(reader, "a number has more than 64 bits");
	default:
		return refuse(reader, "a number is missing");
	}
}

/* Pass over `text` if the rest begins with it. */
static bool next_is(struct reader *reader, const char *text)
{
	size_t size = strlen(text);

	if (strncmp(reader->text, text, size) != 0)
		return false;
	reader->text += size;
	return true;
}

static int read_kind(struct reader *reader)
{
	size_t size = strcspn(reader->text, "@");

	for (int kind = 0; kind < FAULT_KINDS; kind++) {
		if (strlen(forms[kind].name) != size ||
			memcmp(forms[kind].name, reader->text, size) != 0)
			continue;
		reader->text += size;
		return kind;
	}
	return refuse(reader, "there is no such kind");
}

static int read_endpoint(struct reader *reader, struct fault *fault)
{
	static const uint8_t endpoints[] = {USB_EP1_OUT, USB_EP1_IN,
		USB_EP2_OUT, USB_EP4_OUT, USB_EP6_IN, USB_EP8_IN};
	uint64_t endpoint;

	if (read_number(reader, &endpoint) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < sizeof(endpoints); i++)
		if (endpoints[i] == endpoint)
			fault->endpoint = endpoint;
	if (fault->endpoint == 0)
		return refuse(reader,
			"an endpoint is one of 0x01 0x81 0x02 0x04 0x86 0x88");
	if (forms[fault->kind].place == WHERE_IN &&
		!(fault->endpoint & USB_DIR_IN))
		return refuse(reader, "it is about endpoints IN alone");
	return 0;
}

/* tN, pN, bN or Nus, and /EP. */
static int read_where(struct reader *reader, struct fault *fault)
{
	if (next_is(reader, "t"))
		fault->where = WHERE_TRANSFER;
	else if (next_is(reader, "p"))
		fault->where = WHERE_PACKET;
	else if (next_is(reader, "b"))
		fault->where = WHERE_BYTE;
	else
		fault->where = WHERE_TIME;
	if (read_number(reader, &fault->position) < 0)
		return -EINVAL;
	if (fault->where == WHERE_TIME && !next_is(reader, "us"))
		return refuse(reader, "where is one of tN, pN, bN and Nus");
	if ((fault->where == WHERE_TRANSFER || fault->where == WHERE_PACKET) &&
		fault->position == 0)
		return refuse(
			reader, "transfers and packets are counted from 1");
	if (forms[fault->kind].place != ANYWHERE && next_is(reader, "/"))
		return read_endpoint(reader, fault);
	return 0;
}

static int read_place(struct reader *reader, struct fault *fault)
{
	enum place place = forms[fault->kind].place;
	int result;

	if (place == NOWHERE)
		return *reader->text == '@'
			? refuse(reader, "this kind has no position")
			: 0;
	if (!next_is(reader, "@"))
		return refuse(reader, "this kind needs a position");
	if (place >= WHERE)
		return read_where(reader, fault);
	result = read_number(reader, &fault->position);
	if (result == 0 && place == TIME)
		next_is(reader, "us");
	if (result == 0 && fault->kind == FAULT_UNPLUG_AFTER &&
		fault->position == 0)
		return refuse(reader, "transfers are counted from 1");
	return result;
}

static int read_amount(struct reader *reader, struct fault *fault)
{
	enum measure measure = forms[fault->kind].measure;
	bool given = measure != NOTHING && next_is(reader, ":");

	if (given && read_number(reader, &fault->amount) < 0)
		return -EINVAL;
	if (!given && measure >= NEEDED)
		return refuse(reader, "this kind needs an amount");
	if (fault->amount == 0)
		return refuse(reader, "an amount of 0 is nothing");
	if (measure == PARTIAL && fault->amount >= USB_PACKET_SIZE)
		return refuse(reader, "a packet is cut to 1 to 511 bytes");
	fault->left = fault->amount;
	if (measure == ALWAYS || (measure == OFTEN && !given))
		fault->left = FAULTS_EVER;
	else if (measure >= NEEDED)
		fault->left = 1;
	return 0;
}

static int read_fault(struct reader *reader, struct fault *fault)
{
	int kind = read_kind(reader);

	if (kind < 0)
		return kind;
	*fault = (struct fault){.kind = kind, .amount = 1};
	if (read_place(reader, fault) < 0 || read_amount(reader, fault) < 0)
		return -EINVAL;
	return *reader->text ? refuse(reader, "there is more behind it") : 0;
}

/* seed@N[:K], corrupt@N[:K] */
struct seed {
	uint64_t number, count;
	bool corrupt;
};

/* Whether the text begins like a seed; the rest may still be wrong. */
static bool is_seed(struct reader *reader, struct seed *seed)
{
	*seed = (struct seed){.count = FAULTS_DRAWN};
	if (next_is(reader, "seed@"))
		return true;
	seed->corrupt = next_is(reader, "corrupt@");
	return seed->corrupt;
}

static int read_seed(struct reader *reader, struct seed *seed)
{
	if (read_number(reader, &seed->number) < 0)
		return -EINVAL;
	if (next_is(reader, ":") && read_number(reader, &seed->count) < 0)
		return -EINVAL;
	if (seed->count == 0 || seed->count > FAULTS_MAX)
		return refuse(reader, "a seed draws 1 to 32 faults");
	return *reader->text ? refuse(reader, "there is more behind it") : 0;
}
_Static_assert(FAULTS_MAX == 32, "what read_seed() says");

static int add_seed(
	struct faults *faults, struct reader *reader, struct seed *seed)
{
	int result = read_seed(reader, seed);

	if (result < 0)
		return result;
	if (seed->count > FAULTS_MAX - faults->count)
		return -ENOSPC;
	faults_draw(faults, seed->number, seed->count, seed->corrupt);
	return 0;
}

int faults_add(struct faults *faults, const char *text)
{
	struct reader reader = {.text = text};
	struct fault fault;
	struct seed seed;
	int result;

	if (is_seed(&reader, &seed))
		return add_seed(faults, &reader, &seed);
	result = read_fault(&reader, &fault);
	if (result < 0)
		return result;
	if (faults->count == FAULTS_MAX)
		return -ENOSPC;
	faults->list[faults->count++] = fault;
	faults->kinds |= UINT64_C(1) << fault.kind;
	return 0;
}

const char *faults_why(const char *text)
{
	struct reader reader = {.text = text};
	struct fault fault;
	struct seed seed;

	if (is_seed(&reader, &seed))
		read_seed(&reader, &seed);
	else
		read_fault(&reader, &fault);
	return reader.why;
}

static int print_place(const struct fault *fault, char *text, size_t size)
{
	static const char *const marks[] = {
		[WHERE_PLAIN] = "",
		[WHERE_TRANSFER] = "t",
		[WHERE_PACKET] = "p",
		[WHERE_BYTE] = "b",
		[WHERE_TIME] = "",
	};
	int used;

	if (forms[fault->kind].place == NOWHERE)
		return 0;
	used = snprintf(text, size, "@%s%" PRIu64 "%s", marks[fault->where],
		fault->position, fault->where == WHERE_TIME ? "us" : "");
	if (fault->endpoint)
		used += snprintf(
			text + used, size - used, "/0x%02x", fault->endpoint);
	return used;
}

void fault_text(const struct fault *fault, char *text)
{
	const struct form *form = &forms[fault->kind];
	int used = snprintf(text, FAULT_TEXT_SIZE, "%s", form->name);
	bool ever = form->measure == OFTEN && fault->left == FAULTS_EVER;

	used += print_place(fault, text + used, FAULT_TEXT_SIZE - used);
	if (form->measure >= NEEDED || (form->measure == OFTEN && !ever) ||
		(form->measure != NOTHING && fault->amount > 1))
		snprintf(text + used, FAULT_TEXT_SIZE - used, ":%" PRIu64,
			fault->amount);
}
