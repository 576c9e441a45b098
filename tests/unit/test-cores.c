/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests the calls of clyde.h for the cores of the image: attaching a core to
   pipes, and its registers by name. */
#include "tests/support/clyde-test.h"

#include <stdio.h>

#include "wire/regs.h"

#define URI "virtual:configured=1"

static const enum clyde_pipe_id both[] = {
	CLYDE_PIPE_EP2_OUT, CLYDE_PIPE_EP6_IN};

static void assert_streams(struct clyde_device *device, const char *expected)
{
	uint8_t cores[4];
	char text[20];

	assert_int_equal(clyde_register_read(device, REG_STREAM, cores, 4), 0);
	snprintf(text, sizeof(text), "%u%u%u%u", cores[0], cores[1], cores[2],
		cores[3]);
	assert_string_equal(text, expected);
}

static void bytes_come_back_from_a_core_that_was_attached(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *out, *in;
	char sent[] = "Sauchiehall Street", back[sizeof(sent)];
	uint64_t count = 0;

	(void)state;
	assert_int_equal(clyde_core_attach(
				 fixture.device, CLYDE_CORE_BENCHMARK, both, 2),
		0);
	assert_int_equal(
		clyde_pipe_open(fixture.device, both[0], NULL, &out), 0);
	assert_int_equal(
		clyde_pipe_open(fixture.device, both[1], NULL, &in), 0);
	assert_int_equal(clyde_core_write(fixture.device, CLYDE_CORE_BENCHMARK,
				 "mode", CLYDE_BENCHMARK_LOOPBACK),
		0);
	assert_int_equal(
		clyde_pipe_write(out, sent, sizeof(sent), -1), sizeof(sent));
	assert_int_equal(clyde_pipe_flush(out, -1), 0);
	assert_int_equal(
		clyde_pipe_read(in, back, sizeof(back), -1), sizeof(back));
	assert_memory_equal(sent, back, sizeof(sent));
	assert_int_equal(clyde_core_read(fixture.device, CLYDE_CORE_BENCHMARK,
				 "count", &count),
		0);
	assert_int_equal(count, sizeof(sent));
	close_fixture(&fixture);
}

static void the_last_attach_decides_the_pipes_of_a_core(void **state)
{
	static const enum clyde_pipe_id others[] = {
		CLYDE_PIPE_EP8_IN, CLYDE_PIPE_EP4_OUT};
	struct fixture fixture = open_uri(URI);

	(void)state;
	clyde_core_attach(fixture.device, CLYDE_CORE_BENCHMARK, both, 2);
	assert_streams(fixture.device, "1010");
	clyde_core_attach(fixture.device, CLYDE_CORE_UART, others, 2);
	assert_streams(fixture.device, "1212");
	clyde_core_attach(fixture.device, CLYDE_CORE_BENCHMARK, both + 1, 1);
	assert_streams(fixture.device, "0212");
	clyde_core_attach(fixture.device, CLYDE_CORE_UART, NULL, 0);
	assert_streams(fixture.device, "0010");
	close_fixture(&fixture);
}

/* An application's attach does not take what a run has claimed, and a run does
   not take what an application has attached. */
static void a_core_that_a_run_has_claimed_is_refused(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_run *run;

	(void)state;
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(clyde_run_claim(run, fixture.device), 0);
	for (size_t count = 0; count <= 2; count++) {
		assert_int_equal(clyde_core_attach(fixture.device,
					 CLYDE_CORE_BENCHMARK, both, count),
			CLYDE_ERROR_CORE_TAKEN);
		assert_says("benchmark core, and a run uses it");
	}
	assert_int_equal(clyde_core_write(fixture.device, CLYDE_CORE_BENCHMARK,
				 "mode", 0),
		CLYDE_ERROR_CORE_TAKEN);
	assert_says("benchmark core, and a run uses it");
	assert_int_equal(
		clyde_core_attach(fixture.device, CLYDE_CORE_UART, both, 2),
		CLYDE_ERROR_CORE_TAKEN);
	assert_says("a run of benchmark uses this pipe");
	clyde_run_close(run);
	assert_int_equal(
		clyde_core_attach(fixture.device, CLYDE_CORE_UART, both, 2), 0);
	close_fixture(&fixture);
}

static void a_run_takes_what_is_attached_unless_a_pipe_of_it_is_open(
	void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in;
	struct clyde_run *run;

	(void)state;
	clyde_core_attach(fixture.device, CLYDE_CORE_BENCHMARK, both + 1, 1);
	assert_int_equal(
		clyde_pipe_open(fixture.device, both[1], NULL, &in), 0);
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	assert_int_equal(
		clyde_run_claim(run, fixture.device), CLYDE_ERROR_CORE_TAKEN);
	assert_says("attached to a pipe that is open");
	clyde_pipe_close(in);
	assert_int_equal(clyde_run_claim(run, fixture.device), 0);
	close_fixture(&fixture);
}

/* A claim changes nothing on the device, and a run undoes only its own
   changes. */
static void an_attached_core_survives_the_claims_and_runs_of_others(
	void **state)
{
	struct fixture fixture = open_uri(URI ",wire=A0-A1");
	struct clyde_supply supply[CLYDE_PORT_COUNT];
	struct clyde_run *run;

	(void)state;
	clyde_core_attach(fixture.device, CLYDE_CORE_BENCHMARK, both, 2);
	assert_int_equal(clyde_run_new(fixture.context, "benchmark", &run), 0);
	clyde_run_set(run, "count", "512");
	clyde_run_set(run, "mode", "source");
	assert_int_equal(clyde_run_claim(run, fixture.device), 0);
	clyde_run_close(run);
	clyde_core_attach(fixture.device, CLYDE_CORE_GPIO, NULL, 0);
	assert_streams(fixture.device, "1010");
	assert_int_equal(clyde_run_new(fixture.context, "gpio", &run), 0);
	clyde_run_set(run, "action", "A0=1");
	assert_int_equal(clyde_supply_parse("A=3.3", 3, supply), 0);
	assert_int_equal(clyde_run_start(run, fixture.device, supply, NULL), 0);
	assert_streams(fixture.device, "1010");
	close_fixture(&fixture);
}

static void while_a_pipe_is_open_its_core_keeps_all_pipes(void **state)
{
	struct fixture fixture = open_uri(URI);
	struct clyde_pipe *in;
	struct clyde_run *run;

	(void)state;
	clyde_core_attach(fixture.device, CLYDE_CORE_BENCHMARK, both, 2);
	assert_int_equal(
		clyde_pipe_open(fixture.device, both[1], NULL, &in), 0);
	assert_int_equal(clyde_run_new(fixture.context, "uart", &run), 0);
	clyde_run_set(run, "tx", "A0");
	clyde_run_set(run, "rx", "A1");
	assert_int_equal(clyde_run_claim(run, fixture.device), 0);
	clyde_core_attach(fixture.device, CLYDE_CORE_GPIO, NULL, 0);
	assert_streams(fixture.device, "1010");
	close_fixture(&fixture);
}

#define REFUSED(call, error, sentence)             \
	do {                                       \
		assert_int_equal((call), (error)); \
		assert_says(sentence);             \
	} while (false)

static void a_pipe_or_register_that_a_core_lacks_is_refused(void **state)
{
	static const enum clyde_pipe_id ins[] = {
		CLYDE_PIPE_EP6_IN, CLYDE_PIPE_EP8_IN};
	static const enum clyde_pipe_id none = 7;
	struct fixture fixture = open_uri(URI);
	uint64_t value = 99;

	(void)state;
	REFUSED(clyde_core_attach(fixture.device, 9, both, 2),
		CLYDE_ERROR_INVALID, "there is no core 9");
	REFUSED(clyde_core_attach(fixture.device, CLYDE_CORE_GPIO, both, 1),
		CLYDE_ERROR_INVALID, "no stream to the FPGA");
	REFUSED(clyde_core_attach(fixture.device, CLYDE_CORE_UART, ins, 2),
		CLYDE_ERROR_INVALID, "one stream in each direction");
	REFUSED(clyde_core_attach(fixture.device, CLYDE_CORE_UART, &none, 1),
		CLYDE_ERROR_INVALID, "there is no pipe 7");
	REFUSED(clyde_core_read(
			fixture.device, CLYDE_CORE_GPIO, "mode", &value),
		CLYDE_ERROR_INVALID, "the gpio core has no register 'mode'");
	REFUSED(clyde_core_read(
			fixture.device, CLYDE_CORE_UART, "clear", &value),
		CLYDE_ERROR_INVALID, "can only be written");
	REFUSED(clyde_core_write(fixture.device, CLYDE_CORE_UART, "lost", 0),
		CLYDE_ERROR_INVALID, "can only be read");
	REFUSED(clyde_core_write(
			fixture.device, CLYDE_CORE_GPIO, "output", 65536),
		CLYDE_ERROR_INVALID, "at most 65535");
	REFUSED(clyde_core_write(
			fixture.device, CLYDE_CORE_BENCHMARK, "mode", 77),
		CLYDE_ERROR_INVALID, "at most 3");
	assert_int_equal(value, 99);
	assert_streams(fixture.device, "0000");
	close_fixture(&fixture);
}

static void without_the_image_there_is_no_core(void **state)
{
	struct fixture fixture = open_uri("virtual:");
	uint64_t value;

	(void)state;
	REFUSED(clyde_core_attach(
			fixture.device, CLYDE_CORE_BENCHMARK, both, 2),
		CLYDE_ERROR_NO_CORE, "clyde_fpga_load_image()");
	REFUSED(clyde_core_read(
			fixture.device, CLYDE_CORE_BENCHMARK, "mode", &value),
		CLYDE_ERROR_NO_CORE, "clyde_fpga_load_image()");
	assert_int_equal(clyde_fpga_load_image(fixture.device), 1);
	assert_int_equal(clyde_core_read(fixture.device, CLYDE_CORE_BENCHMARK,
				 "mode", &value),
		0);
	assert_int_equal(value, CLYDE_BENCHMARK_IDLE);
	close_fixture(&fixture);
}

/* Each register of the table can be read, or it can be written. */
static void every_register_is_where_the_table_says(void **state)
{
	struct fixture fixture = open_uri(URI);
	const struct clyde_register *each;
	unsigned count = 0;

	(void)state;
	for (enum clyde_core core = CLYDE_CORE_BENCHMARK;
		core <= CLYDE_CORE_PROBE; core++) {
		for (size_t i = 0; (each = clyde_core_register_at(core, i));
			i++) {
			uint64_t value;

			assert_in_range(each->size, 1, 8);
			assert_true(each->readable || each->writable);
			if (each->readable)
				assert_int_equal(
					clyde_core_read(fixture.device, core,
						each->name, &value),
					0);
			count++;
		}
	}
	assert_in_range(count, 20, 100);
	assert_null(clyde_core_register_at(0, 0));
	assert_null(clyde_core_register_at(99, 0));
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_back_from_a_core_that_was_attached),
		cmocka_unit_test(the_last_attach_decides_the_pipes_of_a_core),
		cmocka_unit_test(a_core_that_a_run_has_claimed_is_refused),
		cmocka_unit_test(
			a_run_takes_what_is_attached_unless_a_pipe_of_it_is_open),
		cmocka_unit_test(
			an_attached_core_survives_the_claims_and_runs_of_others),
		cmocka_unit_test(while_a_pipe_is_open_its_core_keeps_all_pipes),
		cmocka_unit_test(
			a_pipe_or_register_that_a_core_lacks_is_refused),
		cmocka_unit_test(without_the_image_there_is_no_core),
		cmocka_unit_test(every_register_is_where_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
