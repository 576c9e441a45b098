/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Takes a supply specification as it is typed, gives millivolts a port. */
#include "lib/base/internal.h"

#include <string.h>

#include "common/number.h"

#define SUPPLY_MAX_MV 5500 /* what no revision exceeds */

static int refuse(const char *why)
{
	return set_error(CLYDE_ERROR_INVALID, "%s", why);
}

/* "3.3" in millivolts: digits, and up to three more behind a point. */
static enum number_result parse_volts(
	const char *text, size_t size, uint64_t *ret_mv)
{
	static const struct number_unit volts[] = {{"", 1000}, {0}};
	static const struct number_form form = {
		.units = volts, .fraction_digits = 3, .maximum = SUPPLY_MAX_MV};
	const char *end = NULL;
	enum number_result result = number_parse(text, &form, ret_mv, &end);

	return end && end != text + size ? NUMBER_REST : result;
}

static int parse_value(const char *text, size_t size, clyde_ports ports,
	struct clyde_supply *ret_supply)
{
	struct clyde_supply supply = {.given = true, .sense = -1};
	enum number_result result;
	uint64_t mv;

	if (size == 2 && text[0] == 'S' && text[1] >= 'A' && text[1] <= 'D') {
		supply.sense = text[1] - 'A';
		if (!(ports >> supply.sense & 1))
			return refuse("the device has no such port");
	} else if (size == 3 && memcmp(text, "off", 3) == 0) {
		supply.supply_mv = 0;
	} else {
		result = parse_volts(text, size, &mv);
		if (result == NUMBER_RANGE)
			return refuse("no port supplies more than 5.5 V");
		if (result != NUMBER_OK)
			return refuse(
				"a voltage is like 3.3, off, or SA for what "
				"port A senses");
		supply.supply_mv = mv;
	}
	*ret_supply = supply;
	return 0;
}

/* "AB=3.3", or "3.3" for every port. */
static int parse_clause(const char *text, size_t size, clyde_ports ports,
	struct clyde_supply *supplies)
{
	const char *equals = memchr(text, '=', size);
	struct clyde_supply supply;
	clyde_ports named = equals ? 0 : ports;
	int result;

	for (const char *at = text; equals && at < equals; at++) {
		if (*at == '*') {
			named |= ports;
			continue;
		}
		if (*at < 'A' || *at > 'D' || !(ports >> (*at - 'A') & 1))
			return refuse("the device has no such port");
		named |= 1 << (*at - 'A');
	}
	if (named == 0)
		return refuse("a port is missing before the =");
	if (equals) {
		size -= equals + 1 - text;
		text = equals + 1;
	}
	result = parse_value(text, size, ports, &supply);
	for (unsigned port = 0; port < CLYDE_PORT_COUNT && result == 0; port++)
		if (named >> port & 1)
			supplies[port] = supply;
	return result;
}

CLYDE_API int clyde_supply_parse(const char *text, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT])
{
	struct clyde_supply supplies[CLYDE_PORT_COUNT] = {0};

	if (check_given("text", text) < 0)
		return CLYDE_ERROR_INVALID;
	for (;;) {
		size_t size = strcspn(text, ",");
		int result = parse_clause(text, size, ports, supplies);

		if (result < 0)
			return result;
		if (text[size] == '\0')
			break;
		text += size + 1;
	}
	memcpy(ret_supply, supplies, sizeof(supplies));
	return 0;
}
