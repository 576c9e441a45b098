/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The steps on the flash chip, by the calls for chips, and the check of all that
   it holds. */
#include <string.h>

#include "spi.h"

/* A range of the window that the step draws. */
struct range {
	uint32_t address;
	size_t size;
};

static struct range draw_range(
	struct random *random, const struct array *array, uint32_t size_max)
{
	size_t size = 1 + draw(random, draw(random, 3) ? 700 : size_max);

	return (struct range){
		array->base + draw(random, ARRAY_WINDOW - size + 1), size};
}

static struct range draw_sectors(
	struct random *random, const struct array *array)
{
	size_t count = 1 + draw(random, draw(random, 3) ? 1 : 4);

	return (struct range){array->base +
			ARRAY_SECTOR *
				draw(random,
					ARRAY_WINDOW / ARRAY_SECTOR - count +
						1),
		count * ARRAY_SECTOR};
}

/* The sectors that have these bytes. */
static struct range sectors_of(struct range range)
{
	uint32_t from = range.address & -ARRAY_SECTOR;
	uint32_t to =
		(range.address + range.size + ARRAY_SECTOR - 1) & -ARRAY_SECTOR;

	return (struct range){from, to - from};
}

static void forget_sectors(struct array *array, struct range range)
{
	struct range sectors = sectors_of(range);

	array_forget(array, sectors.address, sectors.size);
}

/* Bytes beside the range were restored, too. */
static void touch_sectors(struct array *array, struct range range)
{
	struct range sectors = sectors_of(range);

	array_touch(array, sectors.address, sectors.size);
}

/* ---- Calls ---- */

/* Interrupts the call that it observes, at its first progress. */
static void interrupt(
	void *user, const char *what, uint64_t done, uint64_t total)
{
	struct session *session = user;

	(void)what;
	(void)done;
	(void)total;
	session->interrupted = true;
	clyde_context_interrupt(session->context);
}

static void allow_insane(struct session *session, const struct target *target)
{
	if (spi_is_sane(target))
		return;
	allow(session, CLYDE_ERROR_NO_CHIP);
	allow(session, CLYDE_ERROR_UNSUPPORTED);
	allow(session, CLYDE_ERROR_INVALID);
	allow(session, CLYDE_ERROR_PROTECTED);
	allow(session, CLYDE_ERROR_LIMIT_PASSED);
	allow(session, CLYDE_ERROR_VERIFY);
}

/* Returns 1 if the chip is open. */
static long enter(struct session *session, struct target *target)
{
	session->bound_ns = UINT64_MAX;
	allow_insane(session, target);
	return target->bus->flash && !target->bus->broken &&
		!(target->effects & ENDS_NOTHING);
}

static long step_open(
	struct session *session, struct target *target, const struct step *step)
{
	struct bus *bus = target->bus;
	const struct clyde_flash_options options = {
		.lanes = 1 << step->choice % 3,
		.reset = step->choice & 4,
	};
	struct clyde_flash_info info;
	long result;

	if (bus->spi == NULL || bus->flash || bus->broken ||
		target->effects & ENDS_NOTHING)
		return 0;
	session->bound_ns = UINT64_MAX;
	result = spi_settle(session, target);
	if (result < 0)
		return result;
	allow_insane(session, target);
	result = clyde_flash_open(bus->spi, &options, &bus->flash);
	spi_note(target, result);
	if (result < 0) {
		bus->flash = NULL;
		return result;
	}
	result = clyde_flash_info(bus->flash, &info);
	if (result < 0 || !spi_is_sane(target))
		return result;
	bus->array.quad |= info.lanes == 4;
	if (info.size != (bus->array.wide ? 0x2000000 : 0x10000) ||
		memcmp(info.jedec, "\xef\x40", 2) != 0 ||
		info.lanes > options.lanes)
		violate(session, "%02x %02x is a chip of %llu B, on %u lanes",
			info.jedec[0], info.jedec[1],
			(unsigned long long)info.size, info.lanes);
	return 0;
}

/* The chip is not left in 4-byte mode. */
static long check_mode(struct session *session, struct target *target)
{
	uint8_t status = 0;
	const struct clyde_spi_step steps[] = {
		{.size = 1, .out = "\x15"}, {.size = 1, .in = &status}};
	struct bus *bus = target->bus;
	long result = 0;

	if (bus->array.wide && !bus->broken)
		result = clyde_spi_transfer(bus->spi, 0, steps, 2, 1000);
	spi_note(target, result);
	if (result == 0 && status & 1 && spi_is_sane(target))
		violate(session, "the chip is left in 4-byte mode");
	return result;
}

static long step_close(
	struct session *session, struct target *target, const struct step *step)
{
	struct bus *bus = target->bus;
	clyde_token token = clyde_flash_token(bus->flash);

	if (bus->flash == NULL)
		return 0;
	session->bound_ns = UINT64_MAX;
	if (step->choice % 2)
		clyde_flash_close(bus->flash);
	else if (clyde_close_token(token) != 0)
		violate(session, "a flash chip that is open cannot be closed");
	remember_closed(session, token);
	bus->flash = NULL;
	return check_mode(session, target);
}

static long step_read(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = spi_random(session, step);
	struct bus *bus = target->bus;
	struct range range = draw_range(&random, &bus->array, 5000);
	bool interrupts = draw(&random, 4) == 0;
	uint8_t *data = bus->data;
	long result = enter(session, target);

	if (result == 0)
		return 0;
	if (interrupts) {
		clyde_context_interrupt(session->context);
		spi_check_given_up(session, bus);
		data = bus->given_up;
	}
	result = clyde_flash_read(
		bus->flash, range.address, data, range.size, NULL);
	if (interrupts) {
		clyde_context_resume(session->context);
		session->interrupted = false;
		allow(session, CLYDE_ERROR_INTERRUPTED);
	}
	spi_note(target, result);
	if (interrupts && result < 0)
		spi_give_up(bus, range.size);
	if (result == 0 && spi_is_sane(target))
		array_check(
			session, &bus->array, range.address, data, range.size);
	session->tally->read += result == 0 ? range.size : 0;
	return result;
}

/* A call that was interrupted before it began has changed nothing. */
static void note_change(struct target *target, struct range range, long result)
{
	if (result != CLYDE_ERROR_INTERRUPTED)
		forget_sectors(&target->bus->array, range);
}

static long step_write(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = spi_random(session, step);
	struct bus *bus = target->bus;
	struct array *array = &bus->array;
	struct range range = draw_range(&random, array, 5000);
	bool blank = draw(&random, 4) == 0;
	long result = enter(session, target);

	if (result == 0)
		return 0;
	/* Some bytes stay as they are, so that not all sectors are erased. */
	memcpy(bus->data, array->bytes + (range.address - array->base),
		range.size);
	for (size_t i = draw(&random, range.size); i < range.size; i++)
		bus->data[i] = blank ? 0xff : random_next(&random);
	result = clyde_flash_write(
		bus->flash, range.address, bus->data, range.size, NULL);
	spi_note(target, result);
	if (result < 0) {
		note_change(target, range, result);
		return result;
	}
	array_erase(array, range.address, range.size);
	array_program(array, range.address, bus->data, range.size);
	touch_sectors(array, range);
	session->tally->written += range.size;
	return 0;
}

static long program_and_verify(struct session *session, struct target *target,
	struct random *random, struct range range)
{
	struct bus *bus = target->bus;
	struct array *array = &bus->array;
	size_t flipped = draw(random, range.size);
	long result;

	for (size_t i = 0; i < range.size; i++)
		bus->data[i] = random_next(random);
	result = clyde_flash_program(
		bus->flash, range.address, bus->data, range.size, NULL);
	if (result < 0) {
		note_change(target, range, result);
		return result;
	}
	array_program(array, range.address, bus->data, range.size);
	if (draw(random, 2)) {
		bus->data[flipped] ^= 1;
		allow(session, CLYDE_ERROR_VERIFY);
	}
	result = clyde_flash_verify(
		bus->flash, range.address, bus->data, range.size, NULL);
	if ((result == 0 &&
		    array->bytes[range.address - array->base + flipped] !=
			    bus->data[flipped]) ||
		(result == CLYDE_ERROR_VERIFY && spi_is_sane(target) &&
			array->bytes[range.address - array->base + flipped] ==
				bus->data[flipped]))
		violate(session, "a verify of %zu B at %#x returns %ld",
			range.size, range.address, result);
	return result;
}

/* Erases, and perhaps programs what was erased. */
static long step_erase(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = spi_random(session, step);
	const struct clyde_observer observer = {
		.progress = interrupt, .user = session};
	struct bus *bus = target->bus;
	struct range range = draw_sectors(&random, &bus->array);
	bool interrupts = draw(&random, 4) == 0;
	bool before = session->interrupted;
	size_t first;
	long result = enter(session, target);

	if (result == 0)
		return 0;
	result = clyde_flash_erase(bus->flash, range.address, range.size,
		interrupts ? &observer : NULL);
	spi_note(target, result);
	if (result < 0 && (!before || result != CLYDE_ERROR_INTERRUPTED))
		forget_sectors(&bus->array, range);
	if (result < 0)
		return result;
	array_erase(&bus->array, range.address, range.size);
	if (session->interrupted || draw(&random, 2))
		return 0;
	first = draw(&random, range.size);
	range.address += first;
	range.size -= first;
	range.size = 1 + draw(&random, range.size < 3000 ? range.size : 3000);
	result = program_and_verify(session, target, &random, range);
	spi_note(target, result);
	return result;
}

/* ---- All ---- */

/* Returns the next page from this one on that is to be compared: what was
   touched, and a few others. */
static size_t next_page(
	const struct array *array, struct random *random, size_t page)
{
	while (page < ARRAY_WINDOW / ARRAY_PAGE && !array->touched[page] &&
		draw(random, 8))
		page++;
	return page;
}

static long compare(
	struct session *session, struct target *target, struct random *random)
{
	struct bus *bus = target->bus;
	struct array *array = &bus->array;
	size_t pages = ARRAY_WINDOW / ARRAY_PAGE;
	long result = 0;

	for (size_t page = next_page(array, random, 0), end;
		page < pages && result == 0;
		page = next_page(array, random, end)) {
		uint32_t address = array->base + page * ARRAY_PAGE;

		for (end = page + 1; end < pages && array->touched[end];)
			end++;
		result = clyde_flash_read(bus->flash, address, bus->data,
			(end - page) * ARRAY_PAGE, NULL);
		spi_note(target, result);
		if (result == 0 && spi_is_sane(target))
			array_check(session, array, address, bus->data,
				(end - page) * ARRAY_PAGE);
		memset(array->touched + page, result < 0, end - page);
	}
	return result;
}

/* Opens what is closed, and compares what the chip has. */
static long step_check(
	struct session *session, struct target *target, const struct step *step)
{
	struct random random = spi_random(session, step);
	struct step open = *step;
	struct bus *bus = target->bus;
	long result;

	session->bound_ns = UINT64_MAX;
	if (bus->spi == NULL || bus->broken)
		result = spi_actions[STEP_SPI_OPEN](session, target, &open);
	else
		result = spi_settle(session, target);
	session->bound_ns = UINT64_MAX;
	if (result < 0 || bus->spi == NULL)
		return result;
	if (bus->flash == NULL)
		result = step_open(session, target, &open);
	if (result < 0 || enter(session, target) == 0)
		return result;
	result = compare(session, target, &random);
	return result < 0 ? result : step_close(session, target, &open);
}

step_action *const flash_actions[STEP_KINDS] = {
	[STEP_FLASH_OPEN] = step_open,
	[STEP_FLASH_READ] = step_read,
	[STEP_FLASH_WRITE] = step_write,
	[STEP_FLASH_ERASE] = step_erase,
	[STEP_FLASH_CLOSE] = step_close,
	[STEP_SPI_CHECK] = step_check,
};
