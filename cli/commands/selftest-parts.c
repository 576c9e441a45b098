/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The parts of clyde selftest that drive no pin: identity, EEPROM, FPGA, the
 * benchmark's modes, supplies and alerts.  selftest.c calls them in its order.
 *
 * No port may be supplied above 3.3 V, or above its limit.
 */
#include "selftest.h"

#include <stdlib.h>
#include <string.h>

static struct clyde_device *device_of(const struct selftest *test)
{
	return test->tool->device;
}

/* Whatever was on before must be off when the other parts begin. */
int selftest_safe(struct selftest *test, struct selftest_part *part)
{
	int result = clyde_device_safe(device_of(test));

	return result < 0 ? result : selftest_say(part, "all ports are off");
}

/* ---- Identity and EEPROM ---------------------------------------------- */

int selftest_identity(struct selftest *test, struct selftest_part *part)
{
	const struct clyde_device_info *info = &test->tool->info;

	if (info->speed_kbit_per_s && info->speed_kbit_per_s < 480000)
		return selftest_fail(part,
			"connected at %u Mb/s, not at 480: try another cable, "
			"port or hub",
			info->speed_kbit_per_s / 1000);
	if (info->serial[0] == '\0' || info->product[0] == '\0')
		return selftest_fail(
			part, "a string descriptor cannot be read");
	if (strncmp(info->serial, info->revision, strlen(info->revision)) != 0)
		return selftest_fail(part,
			"the serial number is not one of revision %s",
			info->revision);
	return selftest_say(part, "%s, %s", info->product,
		info->speed_kbit_per_s ? "high speed" : "speed not known");
}

#define EEPROM_TESTED 1024

/* The text must not contain the serial number: it is in the report. */
static int compare_block(
	const struct selftest *test, struct selftest_part *part)
{
	const struct clyde_device_info *info = &test->tool->info;
	struct clyde_config config;
	char serial[64];
	int result = clyde_config_read(device_of(test), &config);

	if (result < 0)
		return result;
	snprintf(serial, sizeof(serial), "%s-%s", config.revision,
		config.serial);
	if (strcmp(config.revision, info->revision) != 0)
		return selftest_fail(part,
			"it has revision %s, and the device says %s",
			config.revision, info->revision);
	if (strcmp(serial, info->serial) != 0)
		return selftest_fail(part,
			"it has another serial number than the device says");
	return selftest_say(part,
		"%d bytes read twice, the configuration block is valid",
		EEPROM_TESTED);
}

int selftest_eeprom(struct selftest *test, struct selftest_part *part)
{
	uint8_t first[EEPROM_TESTED], second[EEPROM_TESTED];
	int result =
		clyde_eeprom_read(device_of(test), 0, first, sizeof(first));

	if (result >= 0)
		result = clyde_eeprom_read(
			device_of(test), 0, second, sizeof(second));
	if (result < 0)
		return result;
	for (unsigned i = 0; i < EEPROM_TESTED; i++)
		if (first[i] != second[i])
			return selftest_fail(part,
				"byte %u reads as 0x%02x, then as 0x%02x", i,
				first[i], second[i]);
	return compare_block(test, part);
}

/* ---- FPGA ------------------------------------------------------------- */

/* If the FPGA is configured, the device loads nothing whose id it has.  Zeros
   have no preamble: the FPGA is reset, and stays empty. */
static int empty_fpga(struct selftest *test, struct selftest_part *part)
{
	static const uint8_t zeros[512], id[CLYDE_FPGA_ID_SIZE] = "selftest";
	uint8_t running[CLYDE_FPGA_ID_SIZE];
	int result = clyde_fpga_status(device_of(test), running);

	if (result <= 0)
		return result;
	result = clyde_fpga_load(device_of(test), zeros, sizeof(zeros), id);
	if (result >= 0)
		return selftest_fail(
			part, "its DONE is high without a bitstream: shorted?");
	return result == CLYDE_ERROR_FPGA ? 0 : result;
}

/* A register of each core: fails if the image lacks the core. */
static int read_cores(struct selftest *test)
{
	uint64_t value;
	int result = clyde_core_read(
		device_of(test), CLYDE_CORE_BENCHMARK, "count", &value);

	if (result == 0)
		result = clyde_core_read(
			device_of(test), CLYDE_CORE_UART, "status", &value);
	if (result == 0)
		result = clyde_core_read(
			device_of(test), CLYDE_CORE_GPIO, "enable", &value);
	return result;
}

int selftest_fpga(struct selftest *test, struct selftest_part *part)
{
	int64_t start, end;
	int result = empty_fpga(test, part);

	if (result < 0 || part->verdict == SELFTEST_FAILED)
		return result;
	/* A core that an earlier program left running is gone. */
	test->quiet = true;
	result = clyde_device_now(device_of(test), &start);
	if (result == 0)
		result = clyde_fpga_load_image(device_of(test));
	if (result < 0)
		return result;
	clyde_device_now(device_of(test), &end);
	if (result == 0)
		return selftest_fail(part, "it cannot be loaded anew");
	result = read_cores(test);
	if (result < 0)
		return result;
	test->fpga = true;
	selftest_figure(part, "load_ms", (end - start) / 1e6);
	return selftest_say(part,
		"Clyde's image loaded in %.0f ms, cores answer",
		(end - start) / 1e6);
}

/* ---- Link ------------------------------------------------------------- */

/* The figures of a record that are in the document. */
static const char *const kept[] = {"mib_per_s", "ceiling_mib_per_s", "p50_us",
	"p99_us", "max_us", "transfers", "stalls", "starvations"};

static double number_of(const struct clyde_field *field)
{
	return field->type == CLYDE_FIELD_COUNT ? (double)field->count
						: field->real;
}

static void take_record(void *user, const struct clyde_record *record)
{
	struct selftest_part *part = user;

	for (const struct clyde_field *field = record->fields;
		field && field->type != CLYDE_FIELD_END; field++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
			if (strcmp(field->name, kept[i]) == 0)
				selftest_figure(
					part, field->name, number_of(field));
}

static int start_benchmark(struct selftest *test, struct selftest_part *part,
	const char *mode, const char *count)
{
	struct clyde_observer observer = {.record = take_record, .user = part};
	struct clyde_run *run;
	int result = clyde_run_new(test->tool->context, "benchmark", &run);

	if (result < 0)
		return result;
	result = clyde_run_set(run, "modes", mode);
	if (result == 0)
		result = clyde_run_set(run, "count", count);
	if (result == 0)
		result = clyde_run_start(run, device_of(test), NULL, &observer);
	clyde_run_close(run);
	return result;
}

static double figure(const struct selftest_part *part, const char *name)
{
	return json_number_value(json_object_get(part->figures, name));
}

static int measure_rate(
	struct selftest *test, struct selftest_part *part, const char *mode)
{
	int result = start_benchmark(test, part, mode, "8MiB");

	if (result < 0)
		return result;
	return selftest_say(part,
		"8 MiB verified, %.2f MiB/s of at most %.2f MiB/s",
		figure(part, "mib_per_s"), figure(part, "ceiling_mib_per_s"));
}

int selftest_source(struct selftest *test, struct selftest_part *part)
{
	return measure_rate(test, part, "source");
}

int selftest_sink(struct selftest *test, struct selftest_part *part)
{
	return measure_rate(test, part, "sink");
}

int selftest_loopback(struct selftest *test, struct selftest_part *part)
{
	return measure_rate(test, part, "loopback");
}

int selftest_latency(struct selftest *test, struct selftest_part *part)
{
	int result = start_benchmark(test, part, "latency", "1MiB");

	if (result < 0)
		return result;
	return selftest_say(part,
		"1024 round trips verified, p50 %.2f us, p99 %.2f us, max "
		"%.2f us",
		figure(part, "p50_us"), figure(part, "p99_us"),
		figure(part, "max_us"));
}

/* ---- Supplies --------------------------------------------------------- */

#define FOREIGN_MV  200   /* at the sense pin of a port that is off */
#define FOREIGN_UA  5000  /* more than a bare port takes */
#define TRIP_UA     50000 /* above the inrush of a bare port */
#define SETTLE_MS   10    /* ramp, and a conversion of the ADC */
#define DAC_STEP_MV 40    /* a step, and the firmware's rounding */
#define TOLERANCE   0.05

static const unsigned levels_mv[] = {1800, 2500, 3300};

/* A port: what was set, and what its sense pin shows. */
struct supply {
	clyde_ports port;
	unsigned limit_mv;
	unsigned idle_mv; /* sense, with the supply off */
	unsigned set_mv;
	bool joined; /* the sense pin shows the supply */
};

static int read_sense(
	struct selftest *test, struct selftest_part *part, unsigned *ret_mv)
{
	unsigned sense_mv[CLYDE_PORT_COUNT];
	int result = clyde_sense_get(device_of(test), sense_mv);

	if (result == 0)
		*ret_mv = sense_mv[part->port];
	return result;
}

/* Arm the lowest useful trip, and remember the one before. */
static int arm_trip(struct selftest *test, struct supply *supply)
{
	int result = 0;

	if (!test->measures)
		return 0;
	if (!test->tripped)
		result = clyde_supply_current_limit_get(
			device_of(test), test->trip_ua);
	if (result == 0) {
		test->tripped = true;
		result = clyde_supply_current_limit_set(
			device_of(test), supply->port, TRIP_UA);
	}
	return result;
}

/* Set a level; the device reports what its DAC makes of it. */
static int set_level(struct selftest *test, struct selftest_part *part,
	struct supply *supply, unsigned level_mv)
{
	unsigned read_mv[CLYDE_PORT_COUNT];
	unsigned got_mv;
	int result = clyde_supply_set(device_of(test), supply->port, level_mv);

	if (result == 0)
		result = clyde_device_sleep(device_of(test), SETTLE_MS);
	if (result == 0)
		result = clyde_supply_get(device_of(test), read_mv);
	if (result < 0)
		return result;
	got_mv = read_mv[part->port];
	supply->set_mv = got_mv;
	test->level_mv[part->port] = level_mv;
	if (got_mv + DAC_STEP_MV < level_mv || got_mv > level_mv + DAC_STEP_MV)
		selftest_fail(part, "%u mV was set, and %u mV is read back",
			level_mv, got_mv);
	return 0;
}

/* At the lowest level: a bare port takes next to nothing. */
static int check_current(struct selftest *test, struct selftest_part *part,
	const struct supply *supply)
{
	int current_ua[CLYDE_PORT_COUNT];
	int result;

	if (!test->measures)
		return 0;
	result = clyde_supply_current_get(device_of(test), current_ua);
	if (result < 0)
		return result;
	selftest_figure(part, "current_ua", current_ua[part->port]);
	if (abs(current_ua[part->port]) <= FOREIGN_UA)
		return 0;
	result = clyde_supply_set(device_of(test), supply->port, 0);
	if (result < 0)
		return result;
	if (selftest_agreed(test,
		    "%.2f mA flow from port %c, to which something is "
		    "connected",
		    current_ua[part->port] / 1e3, 'A' + part->port))
		result = clyde_supply_set(device_of(test), supply->port,
			test->level_mv[part->port]);
	return result;
}

/* With the sense pin joined to the supply pin, the ADC measures the supply. */
static int check_sense(struct selftest *test, struct selftest_part *part,
	struct supply *supply)
{
	unsigned sense_mv = 0;
	int result = read_sense(test, part, &sense_mv);
	double error;

	if (result < 0)
		return result;
	if (sense_mv >= supply->idle_mv + supply->set_mv / 4)
		supply->joined = true;
	if (!supply->joined)
		return 0;
	error = (double)sense_mv / supply->set_mv - 1;
	if (error < -TOLERANCE || error > TOLERANCE)
		selftest_fail(part,
			"%.1f %% too %s: %.3f V was set, %.3f V is at the "
			"sense pin",
			100 * (error < 0 ? -error : error),
			error < 0 ? "low" : "high", supply->set_mv / 1e3,
			sense_mv / 1e3);
	return 0;
}

/* Up the levels; the last one stays for the parts that need a supply. */
static int run_levels(struct selftest *test, struct selftest_part *part,
	struct supply *supply)
{
	int result = 0;

	for (unsigned i = 0; i < sizeof(levels_mv) / sizeof(*levels_mv) &&
		result == 0 && part->verdict == SELFTEST_OK;
		i++) {
		unsigned level_mv = levels_mv[i];

		if (supply->limit_mv && level_mv > supply->limit_mv) {
			if (i > 0)
				break;
			level_mv = supply->limit_mv;
		}
		result = set_level(test, part, supply, level_mv);
		if (result == 0)
			test->powered |= supply->port;
		if (result == 0 && i == 0)
			result = check_current(test, part, supply);
		if (test->tool->status != STATUS_OK)
			return 0;
		if (result == 0)
			result = check_sense(test, part, supply);
		if (result == 0 && part->verdict == SELFTEST_OK)
			selftest_say(part, "%.3f V", supply->set_mv / 1e3);
	}
	return result;
}

int selftest_supply(struct selftest *test, struct selftest_part *part)
{
	struct supply supply = {.port = 1 << part->port};
	unsigned limit_mv[CLYDE_PORT_COUNT];
	int result = read_sense(test, part, &supply.idle_mv);

	if (result == 0)
		result = clyde_supply_limit_get(device_of(test), limit_mv);
	if (result < 0)
		return result;
	supply.limit_mv = limit_mv[part->port];
	if (supply.idle_mv > FOREIGN_MV &&
		!selftest_agreed(test,
			"%.3f V are at the sense pin of port %c, which is off",
			supply.idle_mv / 1e3, 'A' + part->port))
		return 0;
	result = arm_trip(test, &supply);
	if (result == 0)
		result = run_levels(test, part, &supply);
	if (result == 0 && part->verdict == SELFTEST_OK)
		selftest_say(part,
			supply.joined ? "measured at the sense pin"
				      : "not measured: its sense pin is not "
					"joined to it");
	return result;
}

/* ---- Alerts ----------------------------------------------------------- */

#define WINDOW_MV     5000 /* no sense pin has so much in this test */
#define ALERT_TRIES   50
#define ALERT_STEP_MS 2

/* Wait until the device reports an undervoltage of the port. */
static int await_alert(struct selftest *test, struct selftest_part *part,
	struct clyde_alerts *alerts)
{
	int result = 0;

	for (unsigned i = 0; i < ALERT_TRIES && result == 0; i++) {
		result = clyde_device_sleep(device_of(test), ALERT_STEP_MS);
		if (result == 0)
			result = clyde_alerts_get(device_of(test), alerts);
		if (result == 0 &&
			alerts->ports[part->port] & CLYDE_ALERT_UNDERVOLTAGE)
			return 0;
	}
	return result;
}

/* After the alert: the supply is off, and the alert can be cleared. */
static int check_alert(struct selftest *test, struct selftest_part *part,
	const struct clyde_alerts *alerts)
{
	struct clyde_alerts after, sent;
	unsigned supply_mv[CLYDE_PORT_COUNT];
	int result = clyde_supply_get(device_of(test), supply_mv);

	if (result == 0)
		result = clyde_supply_window_set(
			device_of(test), 1 << part->port, 0, 0);
	if (result == 0)
		result = clyde_alerts_clear(device_of(test), alerts);
	if (result == 0)
		result = clyde_alerts_get(device_of(test), &after);
	if (result < 0)
		return result;
	/* The one that was provoked is no finding. */
	clyde_alerts_take(device_of(test), &sent);
	if (!(alerts->ports[part->port] & CLYDE_ALERT_UNDERVOLTAGE))
		return selftest_fail(part,
			"no alert, though the sense pin is below the window");
	if (supply_mv[part->port] > 0)
		return selftest_fail(
			part, "an alert, but the supply stayed on");
	if (after.ports[part->port])
		return selftest_fail(part, "the alert cannot be cleared");
	return selftest_say(
		part, "a voltage below the window switches the supply off");
}

/* An alert that is still to come must not cut a supply that a later part has
   set: the port stays off. */
static void give_up(struct selftest *test, struct selftest_part *part)
{
	struct clyde_alerts sent;
	clyde_ports port = 1 << part->port;

	test->powered &= ~port;
	clyde_supply_set(device_of(test), port, 0);
	clyde_supply_window_set(device_of(test), port, 0, 0);
	clyde_device_sleep(device_of(test), SETTLE_MS);
	clyde_alerts_take(device_of(test), &sent);
}

int selftest_alerts(struct selftest *test, struct selftest_part *part)
{
	struct clyde_alerts alerts = {0};
	clyde_ports port = 1 << part->port;
	int result;

	if (!test->measures)
		return selftest_skip(part, "revision %s watches no voltage",
			test->tool->info.revision);
	result = clyde_supply_window_set(device_of(test), port, WINDOW_MV, 0);
	if (result == 0)
		result = await_alert(test, part, &alerts);
	if (result == 0)
		result = check_alert(test, part, &alerts);
	/* Back on, for the pins. */
	if (result == 0 && part->verdict == SELFTEST_OK)
		result = clyde_supply_set(
			device_of(test), port, test->level_mv[part->port]);
	if (result == 0 && part->verdict == SELFTEST_OK)
		return clyde_device_sleep(device_of(test), SETTLE_MS);
	if (selftest_is_over(result))
		return result;
	if (result < 0)
		selftest_fail(part, "%s", clyde_error_message());
	give_up(test, part);
	return 0;
}
