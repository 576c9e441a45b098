/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* See flash-board.h. */
#include "flash-board.h"

#include <stdio.h>
#include <unistd.h>

#include "virtual/board/board.h"

struct journal journal = {.refused = SIZE_MAX};

unsigned draw(struct random *random, unsigned limit)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 17;
	random->state ^= random->state << 5;
	return random->state % limit;
}

void draw_bytes(struct random *random, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = draw(random, 256);
}

/* ---- Journal ---------------------------------------------------------- */

void journal_begin(void)
{
	journal.open = true;
	journal.count = 0;
}

void journal_end(void)
{
	journal.open = false;
}

bool __real_board_i2c(struct board *board, uint8_t address,
	const uint8_t *write, size_t write_size, uint8_t *read,
	size_t read_size);
bool __wrap_board_i2c(struct board *board, uint8_t address,
	const uint8_t *write, size_t write_size, uint8_t *read,
	size_t read_size);

bool __wrap_board_i2c(struct board *board, uint8_t address,
	const uint8_t *write, size_t write_size, uint8_t *read,
	size_t read_size)
{
	struct write *entry = &journal.writes[journal.count];
	bool memory = address >= BOARD_FX2_MEM && address <= BOARD_ICE_MEM_HIGH;

	if (journal.open && memory && read_size == 0 && write_size > 2) {
		if (journal.count >= journal.refused)
			return false;
		assert_true(journal.count < WRITES_MAX);
		assert_true(write_size - 2 <= WRITE_MAX);
		entry->chip = address;
		entry->address = write[0] << 8 | write[1];
		entry->size = write_size - 2;
		memcpy(entry->bytes, write + 2, entry->size);
		journal.count++;
	}
	return __real_board_i2c(
		board, address, write, write_size, read, read_size);
}

void eeproms_apply(struct memory *memory, const struct write *write)
{
	uint8_t *chip =
		write->chip == BOARD_FX2_MEM ? memory->fx2 : memory->ice;

	if (write->chip == BOARD_ICE_MEM_HIGH)
		chip += ICE_MEM_SIZE / 2;
	/* No write of the firmware crosses a page. */
	assert_true(write->size == 0 ||
		write->address / 64 == (write->address + write->size - 1) / 64);
	memcpy(chip + write->address, write->bytes, write->size);
}

/* ---- Boards ----------------------------------------------------------- */

static char path[64];

const char *eeproms_file(const struct memory *memory)
{
	int file;

	strcpy(path, "/tmp/clyde-test-flash-XXXXXX");
	file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, memory->fx2, FX2_MEM_SIZE), FX2_MEM_SIZE);
	assert_int_equal(write(file, memory->ice, ICE_MEM_SIZE), ICE_MEM_SIZE);
	close(file);
	return path;
}

void eeproms_read(struct memory *memory)
{
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_int_equal(
		fread(memory->fx2, 1, FX2_MEM_SIZE, file), FX2_MEM_SIZE);
	assert_int_equal(
		fread(memory->ice, 1, ICE_MEM_SIZE, file), ICE_MEM_SIZE);
	fclose(file);
}

struct fixture power_up(const struct memory *memory)
{
	char uri[128];

	snprintf(uri, sizeof(uri), "virtual:eeprom=%s,api=9,revision=C%u",
		eeproms_file(memory), memory->fx2[BLOCK_AT] & 0xfu);
	return open_uri(uri);
}

void power_down(struct fixture *fixture)
{
	close_fixture(fixture);
	eeproms_remove();
}

void eeproms_remove(void)
{
	unlink(path);
}

/* ---- Programs --------------------------------------------------------- */

static void draw_run(struct random *random, struct program *program, size_t at)
{
	size_t size = 1 + draw(random, draw(random, 8) ? 400 : 12000);

	if (size > BLOCK_RAM - at)
		size = BLOCK_RAM - at;
	draw_bytes(random, program->bytes + at, size);
	memset(program->used + at, true, size);
}

void draw_program(struct random *random, struct program *program)
{
	/* LJMP 0003h; at 0003h SJMP to itself: the model accepts it as
	   firmware. */
	static const uint8_t start[] = {0x02, 0x00, 0x03, 0x80, 0xfe};

	memset(program, 0, sizeof(*program));
	draw_run(random, program, 0);
	memcpy(program->bytes, start, sizeof(start));
	memset(program->used, true, sizeof(start));
	for (unsigned runs = draw(random, 4); runs > 0; runs--)
		draw_run(random, program, draw(random, BLOCK_RAM));
}

void write_text(const struct program *program, char *text)
{
	for (size_t at = 0; at < RAM_SIZE;) {
		size_t size = 0;
		uint8_t sum;

		while (size < 16 && at + size < RAM_SIZE &&
			program->used[at + size])
			size++;
		if (size == 0) {
			at++;
			continue;
		}
		sum = size + (at >> 8) + at;
		text += sprintf(text, ":%02zX%04zX00", size, at);
		for (size_t i = 0; i < size; i++) {
			text += sprintf(text, "%02X", program->bytes[at + i]);
			sum += program->bytes[at + i];
		}
		text += sprintf(text, "%02X\n", (uint8_t)-sum);
		at += size;
	}
	strcpy(text, ":00000001FF\n");
}

static size_t put(uint8_t *eeprom, size_t at, const uint8_t *bytes, size_t size)
{
	memcpy(eeprom + at, bytes, size);
	return at + size;
}

void write_boot(uint8_t *eeprom, const struct program *program)
{
	static const uint8_t block[] = {0, 64, 0x3f, 0xc0};
	static const uint8_t last[] = {0x80, 1, 0xe6, 0, 0};
	const uint8_t header[8] = {program ? 0xc2 : 0xc0, 0xb7, 0x20, 0xb1,
		0x9d, eeprom[BLOCK_AT], 0, program ? 0x41 : 0x01};
	size_t at = put(eeprom, 0, header, sizeof(header)), size;

	put(eeprom, at, block, sizeof(block));
	at = BLOCK_AT + BLOCK_SIZE;
	for (size_t from = 0; program && from < RAM_SIZE; from += size) {
		for (; from < RAM_SIZE && !program->used[from]; from++)
			;
		for (size = 0; size < 777 && from + size < RAM_SIZE &&
			program->used[from + size];
			size++)
			;
		if (size > 0) {
			const uint8_t record[] = {
				size >> 8, size, from >> 8, from};

			at = put(eeprom, at, record, sizeof(record));
			at = put(eeprom, at, program->bytes + from, size);
		}
	}
	put(eeprom, at, last, sizeof(last));
}
