/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * clyde_core_attach(), clyde_core_read() and clyde_core_write(): the cores of
 * the image for an application that uses no applet.  A core that a run has claimed
 * must not be attached or written here, and a pipe that a run has claimed must not
 * be attached; registers can be read all the same.  A run that claims an attached
 * core detaches it; while one of the core's pipes is open, the run is refused
 * instead.
 */
#include "run.h"

#include <string.h>

#include "wire/core-benchmark.h"
#include "wire/core-gpio.h"
#include "wire/core-probe.h"
#include "wire/core-spi.h"
#include "wire/core-uart.h"

#define X(NAME, ...)                                                   \
	_Static_assert((int)CLYDE_CORE_##NAME == (int)CORE_##NAME &&   \
			(int)CLYDE_CORE_##NAME == (int)CORE_ID_##NAME, \
		"enum clyde_core");
CORE_TABLE(X)
#undef X

/* ---- Registers -------------------------------------------------------- */

/* `writable` and `readable` of struct clyde_register */
#define READ       false, true
#define WRITE      true, false
#define READ_WRITE true, true

struct row {
	uint8_t address;
	struct clyde_register description;
};

static const struct row benchmark[] = {
	{REG_BENCH_MODE,
		{"mode", 1, READ_WRITE, 3, "enum clyde_benchmark_mode"}},
	{REG_BENCH_ERROR, {"error", 1, READ, 0, "1 once a byte was wrong"}},
	{REG_BENCH_COUNT,
		{"count", 4, READ, 0, "bytes emitted, checked or echoed"}},
	{REG_BENCH_OFFSET,
		{"offset", 4, READ, 0, "count at the first wrong byte"}},
	{REG_BENCH_WINDOW,
		{"window", 8, READ, 0, "bytes from the first wrong one on"}},
	{0},
};

static const struct row uart[] = {
	{REG_UART_CONTROL,
		{"control", 1, READ_WRITE, UINT8_MAX, "enum clyde_uart"}},
	{REG_UART_CLEAR,
		{"clear", 1, WRITE, 3, "bit 0: the counters, bit 1: pulse"}},
	{REG_UART_STATUS,
		{"status", 1, READ, 0,
			"bit 0: level of RX, bit 1: TX is busy, bit 2: bytes "
			"were lost"}},
	{REG_UART_BIT_TIME,
		{"bit-time", 4, READ_WRITE, UART_BIT_TIME_MAX,
			"1/256 cycles of 48 MHz"}},
	{REG_UART_FRAMING, {"framing", 2, READ, 0, "framing errors"}},
	{REG_UART_PARITY, {"parity", 2, READ, 0, "parity errors"}},
	{REG_UART_RECEIVED,
		{"received", 4, READ, 0,
			"bytes that came, lost ones included"}},
	{REG_UART_LOST, {"lost", 4, READ, 0, "bytes that were lost"}},
	{REG_UART_OVERRUN,
		{"overrun", 4, READ, 0, "received before the first was lost"}},
	{REG_UART_PULSE,
		{"pulse", 4, READ, 0,
			"cycles of 48 MHz between two edges of RX, the "
			"fewest"}},
	{0},
};

static const struct row gpio[] = {
	{REG_GPIO_OUTPUT,
		{"output", 2, READ_WRITE, UINT16_MAX, "levels, bit 0 = A0"}},
	{REG_GPIO_ENABLE, {"enable", 2, READ_WRITE, UINT16_MAX, "1 = driven"}},
	{REG_GPIO_LEVELS, {"levels", 2, READ, 0, "levels of the pins"}},
	{REG_GPIO_WATCH,
		{"watch", 2, READ_WRITE, UINT16_MAX,
			"pins of which a change sends a record"}},
	{REG_GPIO_LOST, {"lost", 2, READ, 0, "records that found no room"}},
	{0},
};

static const struct row spi[] = {
	{REG_SPI_STATUS,
		{"status", 1, READ, 0,
			"bit 0: in a command, bit 1: a command failed, bit 2: "
			"an opcode was unknown"}},
	{REG_SPI_LEVELS,
		{"levels", 1, READ, 0,
			"levels of IO0 to IO3 and of the side input"}},
	{0},
};

static const struct row probe[] = {
	{REG_PROBE_STATUS,
		{"status", 1, READ, 0,
			"bit 0: in a command, bit 1: a command failed, bit 2: "
			"an opcode was unknown"}},
	{REG_PROBE_LEVELS,
		{"levels", 1, READ, 0,
			"levels of TDO, TMS and of the side input"}},
	{0},
};

static const struct row *const rows[CORE_COUNT + 1] = {
	[CORE_BENCHMARK] = benchmark,
	[CORE_UART] = uart,
	[CORE_GPIO] = gpio,
	[CORE_SPI] = spi,
	[CORE_PROBE] = probe,
};

static bool is_core(enum clyde_core core)
{
	return (int)core > CORE_NONE && (int)core <= CORE_COUNT;
}

static int check_number(enum clyde_core core)
{
	if (is_core(core))
		return 0;
	return set_error(CLYDE_ERROR_INVALID,
		"there is no core %d: they are 1 to %d, enum clyde_core",
		(int)core, CORE_COUNT);
}

CLYDE_API const struct clyde_register *clyde_core_register_at(
	enum clyde_core core, size_t index)
{
	if (!is_core(core))
		return NULL;
	for (size_t i = 0; i <= index; i++)
		if (rows[core][i].description.name == NULL)
			return NULL;
	return &rows[core][index].description;
}

/* The register of this name; NULL, with an error set, if there is none. */
static const struct row *find(enum clyde_core core, const char *name)
{
	if (check_given("name", name) < 0 || check_number(core) < 0)
		return NULL;
	for (const struct row *row = rows[core]; row->description.name; row++)
		if (strcmp(row->description.name, name) == 0)
			return row;
	set_error(CLYDE_ERROR_INVALID, "the %s core has no register '%s'",
		core_names[core], name);
	return NULL;
}

/* CLYDE_ERROR_CORE_TAKEN if a run has claimed the core. */
static int check_unclaimed(
	const struct clyde_device *device, enum clyde_core core)
{
	const struct claim *claim =
		claim_of_core(device, (enum core_place)core);

	if (claim == NULL)
		return 0;
	return set_error(CLYDE_ERROR_CORE_TAKEN,
		"the image has one %s core, and %s", core_names[core],
		claim->run ? "a run uses it" : "it is open");
}

/* Check that the FPGA runs an image with this core, once for each core and each
   load of the FPGA. */
static int check_image(struct clyde_device *device, enum clyde_core core)
{
	int result;

	if (device->cores_checked >> core & 1)
		return 0;
	result = core_check_loaded(device);
	if (result == 0)
		result = core_check(device, (enum core_place)core);
	if (result == 0)
		device->cores_checked |= 1 << core;
	return result;
}

static int read_register(struct clyde_device *device, enum clyde_core core,
	const char *name, uint64_t *ret_value)
{
	const struct row *row = find(core, name);
	uint64_t value = 0; /* little endian, as the registers are */
	int result;

	if (row == NULL)
		return CLYDE_ERROR_INVALID;
	if (!row->description.readable)
		return set_error(CLYDE_ERROR_INVALID,
			"the register %s of the %s core can only be written",
			name, core_names[core]);
	result = check_image(device, core);
	if (result == 0)
		result = register_read(
			device, row->address, &value, row->description.size);
	if (result == 0)
		*ret_value = value;
	return result;
}

CLYDE_API int clyde_core_read(struct clyde_device *handle, enum clyde_core core,
	const char *name, uint64_t *ret_value)
{
	return CALL(
		device, handle, read_register(device, core, name, ret_value));
}

static int write_register(struct clyde_device *device, enum clyde_core core,
	const char *name, uint64_t value)
{
	const struct row *row = find(core, name);
	int result;

	if (row == NULL)
		return CLYDE_ERROR_INVALID;
	if (!row->description.writable)
		return set_error(CLYDE_ERROR_INVALID,
			"the register %s of the %s core can only be read", name,
			core_names[core]);
	if (value > row->description.maximum)
		return set_error(CLYDE_ERROR_INVALID,
			"%llu is too much for the register %s of the %s core: "
			"at most %llu",
			(unsigned long long)value, name, core_names[core],
			(unsigned long long)row->description.maximum);
	result = check_unclaimed(device, core);
	if (result == 0)
		result = check_image(device, core);
	return result < 0 ? result
			  : register_write(device, row->address, &value,
				    row->description.size);
}

CLYDE_API int clyde_core_write(struct clyde_device *handle,
	enum clyde_core core, const char *name, uint64_t value)
{
	return CALL(device, handle, write_register(device, core, name, value));
}

/* ---- Streams ---------------------------------------------------------- */

static bool goes_in(enum clyde_pipe_id id)
{
	return id >= CLYDE_PIPE_EP6_IN;
}

static int check_pipe(const struct clyde_device *device, enum clyde_core core,
	enum clyde_pipe_id id)
{
	uint8_t flag = goes_in(id) ? CORE_GIVES : CORE_TAKES;
	const struct claim *claim;

	if (id >= CLYDE_PIPE_COUNT)
		return set_error(
			CLYDE_ERROR_INVALID, "there is no pipe %d", (int)id);
	if (!(core_entries[core].flags & flag))
		return set_error(CLYDE_ERROR_INVALID,
			"the %s core has no stream %s the FPGA",
			core_names[core], goes_in(id) ? "from" : "to");
	claim = claim_of_pipe(device, id);
	if (claim)
		return set_error(CLYDE_ERROR_CORE_TAKEN, "%s%s uses this pipe",
			claim->run ? "a run of " : "", claim->name);
	return 0;
}

/* Two pipes of one direction are refused: the core would use the first only. */
static int check_pipes(const struct clyde_device *device, enum clyde_core core,
	const enum clyde_pipe_id *pipes, size_t count)
{
	unsigned directions[2] = {0};
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		result = check_pipe(device, core, pipes[i]);
		if (result == 0 && directions[goes_in(pipes[i])]++ > 0)
			return set_error(CLYDE_ERROR_INVALID,
				"a core has one stream in each direction");
	}
	return result;
}

static int attach(struct clyde_device *device, enum clyde_core core,
	const enum clyde_pipe_id *pipes, size_t count)
{
	int result = check_buffer("pipes", pipes, count);

	if (result == 0)
		result = check_number(core);
	if (result == 0)
		result = check_unclaimed(device, core);
	if (result == 0)
		result = check_pipes(device, core, pipes, count);
	if (result == 0)
		result = check_image(device, core);
	if (result < 0)
		return result;
	for (unsigned id = 0; id < CLYDE_PIPE_COUNT; id++)
		if (device->attached[id] == core)
			device->attached[id] = CORE_NONE;
	for (size_t i = 0; i < count; i++)
		device->attached[pipes[i]] = core;
	return core_write_streams(device);
}

CLYDE_API int clyde_core_attach(struct clyde_device *handle,
	enum clyde_core core, const enum clyde_pipe_id *pipes, size_t count)
{
	return CALL(device, handle, attach(device, core, pipes, count));
}
