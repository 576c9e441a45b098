/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses a supply specification such as "A=3.3,B=SA" into the supplies of the
 * ports: clyde_supply_parse().  The device's limits are not checked here.
 */
#include "lib/base/internal.h"

#include <ctype.h>
#include <string.h>

#define SUPPLY_MAX_MV 5500 /* no revision supplies more */

static int refuse(const char *why)
{
	return set_error(CLYDE_ERROR_INVALID, "%s", why);
}

/* "3.3" in millivolts: digits, and up to three more behind a point. */
static int parse_volts(const char *text, size_t size, unsigned *ret_mv)
{
	unsigned mv = 0, scale = 1000;
	bool point = false, digit = false;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '.' && !point && digit) {
			point = true;
			digit = false;
			continue;
		}
		if (!isdigit((unsigned char)text[i]) || scale == 0 ||
			mv > 100000)
			return CLYDE_ERROR_INVALID;
		if (point) {
			scale /= 10;
			mv += (text[i] - '0') * scale;
			if (scale == 1)
				scale = 0;
		} else {
			mv = mv * 10 + (text[i] - '0') * 1000;
		}
		digit = true;
	}
	*ret_mv = mv;
	return digit ? 0 : CLYDE_ERROR_INVALID;
}

static int parse_value(const char *text, size_t size, clyde_ports ports,
	struct clyde_supply *ret_supply)
{
	struct clyde_supply supply = {.given = true, .sense = -1};

	if (size == 2 && text[0] == 'S' && text[1] >= 'A' && text[1] <= 'D') {
		supply.sense = text[1] - 'A';
		if (!(ports >> supply.sense & 1))
			return refuse("the device has no such port");
	} else if (size == 3 && memcmp(text, "off", 3) == 0) {
		supply.supply_mv = 0;
	} else if (parse_volts(text, size, &supply.supply_mv) < 0) {
		return refuse(
			"a voltage is like 3.3, off, or SA for what port A "
			"senses");
	} else if (supply.supply_mv > SUPPLY_MAX_MV) {
		return refuse("no port supplies more than 5.5 V");
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
