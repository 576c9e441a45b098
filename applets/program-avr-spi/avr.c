/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The applet program-avr-spi: its table, its claims and its verbs.  The library
 * calls claim() and run() by applet_program_avr_spi.
 *
 * A file must be read and found right before the chip is reset.
 */
#include "avr.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct clyde_parameter parameters[] = {
	{
		.name = "verb",
		.type = CLYDE_PARAMETER_VERB,
		.positional = true,
		.initial = "identify",
		.choices = "identify read write-fuses write-lock write-program "
			   "write-eeprom verify-program verify-eeprom erase "
			   "serve",
		.choices_help = "Read the signature\n"
				"Read memories, fuses and lock bits\n"
				"Write fuses, and verify them\n"
				"Write the lock bits, and verify them\n"
				"Erase the chip, write the flash, verify it\n"
				"Write the EEPROM, and verify it\n"
				"Compare the flash with a file\n"
				"Compare the EEPROM with a file\n"
				"Erase flash, EEPROM and lock bits\n"
				"Be an STK500 version 1 for avrdude",
		.help = "What to do",
	},
	{
		.name = "reset",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A0",
		.help = "The pin for RESET#",
	},
	{
		.name = "sck",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A1",
		.help = "The pin for SCK",
	},
	{
		.name = "cipo",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A2",
		.help = "The pin for the chip's output, MISO",
	},
	{
		.name = "copi",
		.type = CLYDE_PARAMETER_PIN,
		.initial = "A3",
		.help = "The pin for the chip's input, MOSI",
	},
	{
		.name = "frequency",
		.key = 'f',
		.type = CLYDE_PARAMETER_FREQUENCY,
		.minimum = CLYDE_SPI_RATE_MIN,
		.maximum = 5000000,
		.initial = "100",
		.help = "Of SCK, below a quarter of the chip's clock",
	},
	{
		.name = "fuses",
		.key = 'f',
		.type = CLYDE_PARAMETER_FLAG,
		.verbs = "read",
		.help = "Tell the fuses",
	},
	{
		.name = "lock-bits",
		.key = 'l',
		.type = CLYDE_PARAMETER_FLAG,
		.verbs = "read",
		.help = "Tell the lock bits",
	},
	{
		.name = "calibration",
		.key = 'c',
		.type = CLYDE_PARAMETER_FLAG,
		.verbs = "read",
		.help = "Tell the calibration bytes",
	},
	{
		.name = "program",
		.key = 'p',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "read",
		.help = "The file for the flash",
	},
	{
		.name = "eeprom",
		.key = 'e',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "read",
		.help = "The file for the EEPROM",
	},
	{
		.name = "low",
		.key = 'L',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "write-fuses",
		.help = "The low fuse, in binary",
	},
	{
		.name = "high",
		.key = 'H',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "write-fuses",
		.help = "The high fuse, in binary",
	},
	{
		.name = "extra",
		.key = 'E',
		.type = CLYDE_PARAMETER_TEXT,
		.verbs = "write-fuses",
		.help = "The extended fuse, in binary",
	},
	{
		.name = "bits",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.required = true,
		.verbs = "write-lock",
		.help = "The lock bits, in binary",
	},
	{
		.name = "file",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.required = true,
		.verbs = "write-program write-eeprom verify-program "
			 "verify-eeprom",
		.help = "What the memory is to hold: .bin, or Intel HEX in "
			".hex, .ihx or .ihex",
	},
	{
		.name = "endpoint",
		.type = CLYDE_PARAMETER_TEXT,
		.positional = true,
		.required = true,
		.verbs = "serve",
		.help = "tcp:HOST:PORT or unix:PATH to listen at, pty for a "
			"pseudoterminal whose path is told, or pty:PATH for a "
			"link to it",
	},
	{
		.name = "once",
		.type = CLYDE_PARAMETER_FLAG,
		.verbs = "serve",
		.help = "End with the first client",
	},
	{0},
};

/* The fuses' parameters and instructions, by number. */
static const struct fuse {
	const char *name;
	uint32_t read, write;
} fuses[] = {
	{"low", 0x50000000, 0xaca00000},
	{"high", 0x58080000, 0xaca80000},
	{"extra", 0x50080000, 0xaca40000},
};

#define READ_LOCK  0x58000000
#define WRITE_LOCK 0xace000c0
#define LOCK_MASK  0x3f
#define READ_BYTE  0x38000000 /* of the calibration */
#define READ_SIGN  0x30000000
#define ERASE      0xac800000

static const struct clyde_pin *pin(struct clyde_run *run, const char *name)
{
	const struct clyde_pin *found;

	return run_pins(run, name, &found) > 0 ? found : NULL;
}

static bool verb_is(struct clyde_run *run, const char *verb)
{
	return run_chosen(run, "verb", verb);
}

/* ---- Claims ----------------------------------------------------------- */

/* A byte in binary. */
static int parse_bits(struct clyde_run *run, const char *name, uint8_t *ret)
{
	const char *text = run_text(run, name);
	const char *digits = strncmp(text, "0b", 2) == 0 ? text + 2 : text;
	size_t size = strspn(digits, "01");

	if (size < 1 || size > 8 || digits[size])
		return set_error(CLYDE_ERROR_INVALID,
			"program-avr-spi: %s: '%s' is not a byte in binary, "
			"like 11100010",
			name, text);
	*ret = strtoul(digits, NULL, 2);
	return 0;
}

static int check_bits(struct clyde_run *run)
{
	bool given = false;
	uint8_t value;
	int result = 0;

	if (verb_is(run, "write-lock"))
		return parse_bits(run, "bits", &value);
	if (!verb_is(run, "write-fuses"))
		return 0;
	for (unsigned i = 0; i < 3 && result == 0; i++)
		if (run_text(run, fuses[i].name)) {
			given = true;
			result = parse_bits(run, fuses[i].name, &value);
		}
	if (result == 0 && !given)
		result = set_error(CLYDE_ERROR_INVALID,
			"program-avr-spi: write-fuses needs --low, --high or "
			"--extra");
	return result;
}

/* The files of all verbs; those that are to be written must have content for
   the largest chip, at least. */
static int check_files(struct clyde_run *run)
{
	static const char *const outputs[] = {"program", "eeprom"};
	bool eeprom =
		verb_is(run, "write-eeprom") || verb_is(run, "verify-eeprom");
	const struct avr_memory memory = {
		.name = eeprom ? "EEPROM" : "flash",
		.size = eeprom ? AVR_EEPROM_MAX : AVR_FLASH_MAX,
	};
	const char *path = run_text(run, "file");
	struct image image;
	int result = 0;

	for (unsigned i = 0; i < 2 && result == 0; i++)
		if (run_text(run, outputs[i]))
			result = image_check_name(run_text(run, outputs[i]));
	if (result < 0 || path == NULL)
		return result;
	result = image_check_name(path);
	if (result == 0)
		result = image_load(path, &memory, &image);
	if (result == 0)
		image_free(&image);
	return result;
}

static int claim(struct clyde_run *run)
{
	const struct spi_pins pins = {
		.sck = pin(run, "sck"),
		.io = {pin(run, "copi"), pin(run, "cipo")},
		.side = {pin(run, "reset")},
	};
	int result = 0;

	if (!pins.sck || !pins.io[0] || !pins.io[1] || !pins.side[0])
		result = set_error(CLYDE_ERROR_INVALID,
			"program-avr-spi: --reset, --sck, --cipo and --copi "
			"are all needed");
	if (result == 0)
		result = check_bits(run);
	if (result == 0)
		result = check_files(run);
	if (result == 0 && verb_is(run, "serve"))
		result = serve_check(run);
	return result < 0 ? result : run_claim_spi(run, &pins);
}

/* ---- Reports ---------------------------------------------------------- */

static void pin_text(struct clyde_run *run, const char *name, char text[8])
{
	const struct clyde_pin *at = pin(run, name);

	snprintf(text, 8, "%c%u%s", 'A' + at->port, at->number,
		at->invert ? "#" : "");
}

static void tell_start(const struct isp *isp)
{
	char reset[8], sck[8], cipo[8], copi[8];

	pin_text(isp->run, "reset", reset);
	pin_text(isp->run, "sck", sck);
	pin_text(isp->run, "cipo", cipo);
	pin_text(isp->run, "copi", copi);
	run_tell(isp->run, "events",
		(const struct clyde_field[]){TEXT_FIELD("event", "start"),
			TEXT_FIELD("reset", reset), TEXT_FIELD("sck", sck),
			TEXT_FIELD("cipo", cipo), TEXT_FIELD("copi", copi),
			COUNT_FIELD("frequency", isp->rate_hz), END_FIELD},
		"reset %s, sck %s, cipo %s, copi %s, %.4g kHz", reset, sck,
		cipo, copi, isp->rate_hz / 1000.0);
}

static void bits_text(uint8_t byte, char text[9])
{
	for (unsigned i = 0; i < 8; i++)
		text[i] = '0' + (byte >> (7 - i) & 1);
	text[8] = '\0';
}

/* What was done with a memory, and how long it took by the device's clock. */
static void tell_memory(const struct isp *isp, const char *event,
	const struct avr_memory *memory, uint32_t bytes, int64_t since)
{
	int64_t now = since;

	clyde_device_now(run_device(isp->run), &now);
	run_tell(isp->run, "memories",
		(const struct clyde_field[]){TEXT_FIELD("event", event),
			TEXT_FIELD("memory", memory->name),
			COUNT_FIELD("bytes", bytes),
			REAL_FIELD("seconds", (now - since) / 1e9), END_FIELD},
		"%s: %u bytes %s in %.3f s", memory->name, bytes, event,
		(now - since) / 1e9);
}

static void tell_byte(struct clyde_run *run, const char *name, uint8_t byte)
{
	char bits[9];

	bits_text(byte, bits);
	run_tell(run, "bits",
		(const struct clyde_field[]){TEXT_FIELD("name", name),
			COUNT_FIELD("value", byte), END_FIELD},
		"%s: %s", name, bits);
}

/* ---- Verbs ------------------------------------------------------------ */

static int identify(struct isp *isp)
{
	static const uint32_t questions[3] = {
		READ_SIGN, READ_SIGN | 1 << 8, READ_SIGN | 2 << 8};
	uint8_t sign[3];
	char text[16];
	int result = isp_instructions(isp, questions, 3, sign);

	if (result < 0)
		return result;
	isp->chip = avr_chip_find(sign);
	snprintf(text, sizeof(text), "%02x %02x %02x", sign[0], sign[1],
		sign[2]);
	run_tell(isp->run, "chips",
		(const struct clyde_field[]){TEXT_FIELD("signature", text),
			TEXT_FIELD("name", isp->chip ? isp->chip->name : ""),
			END_FIELD},
		"signature %s: %s", text,
		isp->chip ? isp->chip->name : "unknown");
	if (isp->chip == NULL && !verb_is(isp->run, "identify"))
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"program-avr-spi: the signature %s is that of no chip "
			"in the table, so its sizes are not known",
			text);
	return 0;
}

static int save(
	struct isp *isp, const struct avr_memory *memory, const char *path)
{
	uint8_t *data;
	int64_t since = 0;
	int result;

	if (path == NULL)
		return 0;
	data = malloc(memory->size);
	if (data == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	clyde_device_now(run_device(isp->run), &since);
	result = isp_read(isp, memory, 0, data, memory->size);
	if (result == 0)
		result = image_save(path, data, memory->size);
	if (result == 0)
		tell_memory(isp, "read", memory, memory->size, since);
	free(data);
	return result;
}

static int read_fuses(struct isp *isp)
{
	uint32_t questions[3];
	uint8_t values[3];
	char name[16];
	int result;

	for (unsigned i = 0; i < 3; i++)
		questions[i] = fuses[i].read;
	result = isp_instructions(isp, questions, isp->chip->fuses, values);
	for (unsigned i = 0; i < isp->chip->fuses && result == 0; i++) {
		snprintf(name, sizeof(name), "%s fuse", fuses[i].name);
		tell_byte(isp->run, name, values[i]);
	}
	return result;
}

static int read_calibration(struct isp *isp)
{
	char name[24];
	int result = 0;

	for (uint32_t i = 0; i < isp->chip->calibration && result == 0; i++) {
		uint8_t byte;

		result = isp_instruction(isp, READ_BYTE | i << 8, &byte);
		if (result < 0)
			return result;
		snprintf(name, sizeof(name), "calibration byte %u", i);
		run_tell(isp->run, "bits",
			(const struct clyde_field[]){TEXT_FIELD("name", name),
				COUNT_FIELD("value", byte), END_FIELD},
			"%s: %02x", name, byte);
	}
	return result;
}

static int read_what_is_asked(struct isp *isp)
{
	struct clyde_run *run = isp->run;
	struct avr_memory flash = isp_flash(isp->chip),
			  eeprom = isp_eeprom(isp->chip);
	uint8_t lock;
	int result = 0;

	if (run_value(run, "fuses"))
		result = read_fuses(isp);
	if (result == 0 && run_value(run, "lock-bits")) {
		result = isp_instruction(isp, READ_LOCK, &lock);
		if (result == 0)
			tell_byte(run, "lock bits", lock);
	}
	if (result == 0 && run_value(run, "calibration"))
		result = read_calibration(isp);
	if (result == 0)
		result = save(isp, &flash, run_text(run, "program"));
	if (result == 0)
		result = save(isp, &eeprom, run_text(run, "eeprom"));
	return result;
}

/* Write a byte of configuration, and read it again. */
static int write_bits(struct isp *isp, const char *name, uint32_t write,
	uint32_t read, uint8_t value, uint8_t mask)
{
	char wanted[9], found[9];
	uint8_t byte = 0;
	int result = isp_change(isp, write | value, isp->chip->fuse_us);

	if (result == 0)
		result = isp_instruction(isp, read, &byte);
	if (result < 0)
		return result;
	bits_text(value, wanted);
	bits_text(byte, found);
	if ((byte ^ value) & mask)
		return set_error(CLYDE_ERROR_VERIFY,
			"program-avr-spi: %s: the chip has %s, and %s was "
			"written",
			name, found, wanted);
	tell_byte(isp->run, name, byte);
	return 0;
}

static int write_fuses(struct isp *isp)
{
	char name[16];
	int result = 0;

	for (unsigned i = 0; i < 3; i++)
		if (run_text(isp->run, fuses[i].name) && i >= isp->chip->fuses)
			return set_error(CLYDE_ERROR_INVALID,
				"program-avr-spi: %s has no %s fuse",
				isp->chip->name, fuses[i].name);
	for (unsigned i = 0; i < 3 && result == 0; i++) {
		uint8_t value;

		if (run_text(isp->run, fuses[i].name) == NULL)
			continue;
		snprintf(name, sizeof(name), "%s fuse", fuses[i].name);
		result = parse_bits(isp->run, fuses[i].name, &value);
		if (result == 0)
			result = write_bits(isp, name, fuses[i].write,
				fuses[i].read, value, 0xff);
	}
	return result;
}

static int write_lock(struct isp *isp)
{
	uint8_t value;
	int result = parse_bits(isp->run, "bits", &value);

	if (result == 0)
		result = write_bits(isp, "lock bits", WRITE_LOCK, READ_LOCK,
			value, LOCK_MASK);
	return result;
}

static int erase(struct isp *isp)
{
	int result = isp_change(isp, ERASE, isp->chip->erase_us);

	if (result == 0)
		run_tell(isp->run, "events",
			(const struct clyde_field[]){
				TEXT_FIELD("event", "erase"), END_FIELD},
			"erased: flash, lock bits, and EEPROM unless its fuse "
			"keeps it");
	return result;
}

/* ---- Memories --------------------------------------------------------- */

/* The bytes between the first and the last of the file are read. */
static int verify(struct isp *isp, const struct avr_memory *memory,
	const struct image *image)
{
	uint32_t from = 0, to = image->size;
	uint8_t *data = malloc(image->size);
	int result;

	if (data == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	while (!image->used[from])
		from++;
	while (!image->used[to - 1])
		to--;
	result = isp_read(isp, memory, from, data + from, to - from);
	for (uint32_t i = from; i < to && result == 0; i++)
		if (image->used[i] && data[i] != image->data[i])
			result = set_error(CLYDE_ERROR_VERIFY,
				"program-avr-spi: the %s has %02x at address "
				"%#06x, and the file %02x",
				memory->name, data[i], i, image->data[i]);
	free(data);
	return result;
}

static int write_image(struct isp *isp, const struct avr_memory *memory,
	const struct image *image)
{
	int result = memory->eeprom ? 0 : erase(isp);

	if (result < 0)
		return result;
	result = isp_write(isp, memory, image->data, image->used);
	if (result == CLYDE_ERROR_INTERRUPTED)
		set_error(result, "interrupted; the %s is written in part",
			memory->name);
	else if (result == CLYDE_ERROR_NO_DEVICE)
		set_error(result, "%s; the %s is written in part",
			clyde_error_message(), memory->name);
	return result;
}

static int handle_memory(struct isp *isp, bool eeprom, bool writes)
{
	struct avr_memory memory =
		eeprom ? isp_eeprom(isp->chip) : isp_flash(isp->chip);
	struct image image;
	int64_t since = 0;
	int result = image_load(run_text(isp->run, "file"), &memory, &image);

	if (result < 0)
		return result;
	clyde_device_now(run_device(isp->run), &since);
	if (writes)
		result = write_image(isp, &memory, &image);
	if (result == 0)
		result = verify(isp, &memory, &image);
	if (result == 0)
		tell_memory(isp, writes ? "written and verified" : "verified",
			&memory, image.bytes, since);
	image_free(&image);
	return result;
}

/* ---- The run ---------------------------------------------------------- */

static int act(struct isp *isp)
{
	struct clyde_run *run = isp->run;

	if (verb_is(run, "read"))
		return read_what_is_asked(isp);
	if (verb_is(run, "write-fuses"))
		return write_fuses(isp);
	if (verb_is(run, "write-lock"))
		return write_lock(isp);
	if (verb_is(run, "erase"))
		return erase(isp);
	if (verb_is(run, "write-program"))
		return handle_memory(isp, false, true);
	if (verb_is(run, "verify-program"))
		return handle_memory(isp, false, false);
	if (verb_is(run, "write-eeprom"))
		return handle_memory(isp, true, true);
	if (verb_is(run, "verify-eeprom"))
		return handle_memory(isp, true, false);
	return 0;
}

static int run(struct clyde_run *run)
{
	const struct clyde_spi_options options = {
		.rate_hz = run_value(run, "frequency"),
	};
	struct isp isp = {.run = run, .rate_hz = options.rate_hz};
	int result = run_spi(run, &options, &isp.spi);

	if (result == 0)
		result = clyde_spi_configure(
			isp.spi, options.rate_hz, 0, 0, &isp.rate_hz);
	if (result < 0)
		return result;
	tell_start(&isp);
	if (verb_is(run, "serve"))
		return serve(&isp);
	result = isp_enter(&isp);
	if (result == 0)
		result = identify(&isp);
	if (result == 0)
		result = act(&isp);
	if (isp.spi)
		isp_leave(&isp);
	return result;
}

const struct applet applet_program_avr_spi = {
	.table =
		{
			.name = "program-avr-spi",
			.help = "Program AVR microcontrollers over SPI",
			.parameters = parameters,
			.aliases = "avr",
		},
	.claim = claim,
	.run = run,
};
