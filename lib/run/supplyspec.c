/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses a supply specification such as "A=3.3,B=SA" into the supplies of the
 * ports: clyde_supply_parse().  The device's limits are not checked here.
 */
#include "lib/base/internal.h"

#include <string.h>

#include "common/number.h"

#define SUPPLY_MAX_MV 5500 /* no revision supplies more */

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

/* The ports before the '=' of a clause. */
static int parse_ports(const char *text, const char *equals, clyde_ports ports,
	clyde_ports *ret_named)
{
	*ret_named = 0;
	for (const char *at = text; at < equals; at++) {
		if (*at == '*')
			*ret_named |= ports;
		else if (*at < 'A' || *at > 'D' || !(ports >> (*at - 'A') & 1))
			return refuse("the device has no such port");
		else
			*ret_named |= 1 << (*at - 'A');
	}
	return *ret_named ? 0 : refuse("a port is missing before the =");
}

/*
 * A clause without a port, behind another clause.  In "A=1,5" it is most likely
 * the fraction of a number; read as "5 V on every port" it would destroy what
 * is connected.
 */
static int refuse_nameless(const char *whole, const char *text, size_t size)
{
	const char *comma = text - 1, *number = comma;

	while (number > whole && number[-1] >= '0' && number[-1] <= '9')
		number--;
	if (number < comma && (number == whole || number[-1] == '=') &&
		size > 0 && strspn(text, "0123456789") == size)
		return set_error(CLYDE_ERROR_INVALID,
			"a comma separates ports; write %.*s.%.*s",
			(int)(comma - number), number, (int)size, text);
	return set_error(CLYDE_ERROR_INVALID,
		"'%.*s' names no port; only the first voltage of a list can be "
		"that of every port",
		(int)size, text);
}

/*
 * "AB=3.3"; "*=3.3" for every port; or "3.3", which is the same and can only be
 * the first clause.  A clause that names a port takes precedence over one for
 * every port.  `named` are the ports that clauses before this one have named.
 */
static int parse_clause(const char *text, size_t size, clyde_ports ports,
	clyde_ports *named, struct clyde_supply *supplies)
{
	const char *equals = memchr(text, '=', size);
	struct clyde_supply supply;
	clyde_ports these = ports;
	bool every = equals == NULL || (equals == text + 1 && *text == '*');
	int result = 0;

	if (ports == 0)
		return refuse("the device has no ports");
	if (equals) {
		result = parse_ports(text, equals, ports, &these);
		size -= equals + 1 - text;
		text = equals + 1;
	}
	if (result < 0)
		return result;
	if (!every && these & *named)
		return refuse("a port is named twice");
	if (every)
		these &= ~*named;
	else
		*named |= these;
	result = parse_value(text, size, ports, &supply);
	for (unsigned port = 0; port < CLYDE_PORT_COUNT && result == 0; port++)
		if (these >> port & 1)
			supplies[port] = supply;
	return result;
}

CLYDE_API int clyde_supply_parse(const char *text, clyde_ports ports,
	struct clyde_supply ret_supply[CLYDE_PORT_COUNT])
{
	struct clyde_supply supplies[CLYDE_PORT_COUNT] = {0};
	const char *clause = text;
	clyde_ports named = 0;

	if (check_given("text", text) < 0)
		return CLYDE_ERROR_INVALID;
	for (;;) {
		size_t size = strcspn(clause, ",");
		int result = clause > text && !memchr(clause, '=', size)
			? refuse_nameless(text, clause, size)
			: parse_clause(clause, size, ports, &named, supplies);

		if (result < 0)
			return result;
		if (clause[size] == '\0')
			break;
		clause += size + 1;
	}
	memcpy(ret_supply, supplies, sizeof(supplies));
	return 0;
}
