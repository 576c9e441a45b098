/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Tests the part tap as an FPGA: bitstreams that the test makes, with CRCs that
 * it computes in another way than the part.  Arguments: CHIP FILE, a real
 * bitstream, whose DONE is printed.
 */
#include "tests/support/tap-test.h"

#include "tests/support/ecp5-stream.h"

#define DONE      (1 << 6)
#define FPGA_PINS PINS ":done=A6"

static void idle(unsigned clocks)
{
	while (clocks-- > 0)
		clock(false, true);
}

static void begin_fpga(const char *text)
{
	begin_with(text);
	to_idle();
	pass(100 * US);
}

static bool done(void)
{
	return pins_levels(&pins) & DONE;
}

/* ---- Bitstreams ----------------------------------------------------------- */

static void put_word(struct stream *stream, uint32_t word)
{
	for (unsigned i = 4; i-- > 0;)
		put(stream, word >> 8 * i);
}

/* CRC-32C not reflected, over the bits from the least significant one on. */
static void sum_word(struct stream *stream, unsigned reg, uint32_t word)
{
	for (unsigned i = 0; i < 37; i++) {
		unsigned bit = i < 32 ? word >> i & 1 : reg >> (i - 32) & 1;
		bool high = (stream->crc >> 31) ^ bit;

		stream->crc = stream->crc << 1 ^ (high ? 0x1edc6f41 : 0);
	}
}

static void write_register(struct stream *stream, unsigned reg, uint32_t word)
{
	put_word(stream, 0x30000001 | reg << 13);
	put_word(stream, word);
	sum_word(stream, reg, word);
}

static void write_crc(struct stream *stream)
{
	uint32_t reflected = 0;

	for (unsigned i = 0; i < 32; i++)
		reflected |= (stream->crc >> i & 1) << (31 - i);
	put_word(stream, 0x30000001);
	put_word(stream, reflected);
	stream->crc = 0;
}

static struct stream make_xc7(uint32_t idcode)
{
	struct stream stream = {0};

	put_word(&stream, 0xffffffff);
	put_word(&stream, 0x000000bb);
	put_word(&stream, 0x11220044);
	put_word(&stream, 0xffffffff);
	put_word(&stream, 0xaa995566);
	put_word(&stream, 0x20000000);
	write_register(&stream, 4, 7); /* RCRC */
	stream.crc = 0;
	write_register(&stream, 13, 0xdeadbeef); /* AXSS */
	write_register(&stream, 12, idcode);
	write_register(&stream, 4, 1);
	put_word(&stream, 0x30004000); /* FDRI, 0 words; then type 2 */
	put_word(&stream, 0x50000065);
	for (unsigned i = 0; i < 0x65; i++) {
		put_word(&stream, i * 0x01234567);
		sum_word(&stream, 2, i * 0x01234567);
	}
	write_crc(&stream);
	put_word(&stream, 0x28018001); /* a packet that reads */
	write_register(&stream, 4, 5); /* START */
	write_crc(&stream);
	write_register(&stream, 4, 13); /* DESYNC */
	put_word(&stream, 0x20000000);
	return stream;
}

/* A byte's most significant bit first; in scans of so many bits. */
static void send(const uint8_t *bytes, size_t size, size_t scan)
{
	move("100");
	for (size_t i = 0; i < 8 * size; i++) {
		bool last = i + 1 == 8 * size || (i + 1) % scan == 0;

		clock(last, bytes[i / 8] >> (7 - i % 8) & 1);
		if (last && i + 1 < 8 * size)
			move("1100"); /* by Update-DR */
	}
	move("10");
	pass(HALF);
}

/* ---- ECP5 ----------------------------------------------------------------- */

static uint32_t ecp5_status(void)
{
	ir(8, 0x3c);
	return dr(32, 0);
}

static void ecp5_load(const struct stream *stream, size_t scan)
{
	ir(8, 0xc6);
	dr(8, 0);
	ir(8, 0x0e);
	dr(8, 1);
	pass(50 * US);
	ir(8, 0x7a);
	send(stream->bytes, stream->size, scan);
	ir(8, 0xff);
}

static void an_ecp5_takes_its_bitstream(void **state)
{
	/* CRCs of all frames and a dummy byte, of the last one, none. */
	static const uint8_t hows[] = {0x91, 0xe0, 0x00};

	(void)state;
	begin_fpga(FPGA_PINS ":chip=ecp5");
	assert_int_equal(dr(32, 0), 0x41111043);
	assert_int_equal(ir(8, 0xff), 1);
	for (unsigned i = 0; i < 3; i++) {
		struct stream stream = make_ecp5(0x41111043, hows[i]);

		ir(8, 0x79);
		pass(50 * US);
		assert_false(done());
		ecp5_load(&stream, i == 0 ? SIZE_MAX : 24);
		assert_int_equal(ecp5_status(), 1 << 8 | 1 << 9);
		assert_false(done());
		ir(8, 0xc0);
		assert_int_equal(dr(32, 0), 0x12345678);
		ir(8, 0x26);
		pass(HALF);
		assert_true(done());
		assert_int_equal(ecp5_status(), 1 << 8);
	}
}

static void a_wrong_bitstream_leaves_an_ecp5_as_it_was(void **state)
{
	struct stream right = make_ecp5(0x41111043, 0x91);
	struct stream stream = make_ecp5(0x21111043, 0x91);

	(void)state;
	begin_fpga(FPGA_PINS ":chip=ecp5");
	/* The id, a CRC, a command: 1, 3, 2. */
	ecp5_load(&stream, SIZE_MAX);
	assert_int_equal(ecp5_status(), 1 << 9 | 1 << 13 | 1 << 23);
	stream = right;
	stream.bytes[150] ^= 4;
	ecp5_load(&stream, SIZE_MAX);
	assert_int_equal(ecp5_status(), 1 << 9 | 1 << 13 | 3 << 23);
	ir(8, 0x26);
	pass(HALF);
	assert_false(done());
	stream = right;
	stream.bytes[19] = 0xb8;
	ecp5_load(&stream, SIZE_MAX);
	assert_int_equal(ecp5_status(), 1 << 9 | 1 << 13 | 2 << 23);
	/* Not enabled: the bits are not looked at. */
	ir(8, 0x26);
	ir(8, 0x79);
	pass(50 * US);
	ir(8, 0x7a);
	send(right.bytes, right.size, SIZE_MAX);
	assert_int_equal(ecp5_status(), 0);
	ecp5_load(&right, SIZE_MAX);
	ir(8, 0x26);
	pass(HALF);
	assert_true(done());
}

static void while_it_is_cleared_an_ecp5_is_busy(void **state)
{
	(void)state;
	begin_fpga(FPGA_PINS ":chip=ecp5:t-clear=1ms");
	ir(8, 0xf0);
	assert_int_equal(dr(1, 0), 1);
	assert_int_equal(ecp5_status(), 1 << 12);
	pass(1000 * US);
	ir(8, 0xf0);
	assert_int_equal(dr(1, 0), 0);
	assert_int_equal(ecp5_status(), 0);
}

/* ---- 7 series ------------------------------------------------------------- */

static void xc7_load(const struct stream *stream)
{
	ir(6, 0x0b);
	pass(50 * US);
	ir(6, 0x05);
	send(stream->bytes, stream->size, SIZE_MAX);
	ir(6, 0x0c);
}

static void an_xc7_takes_its_bitstream_and_starts_by_clocks(void **state)
{
	struct stream stream = make_xc7(0x0362d093);

	(void)state;
	begin_fpga(FPGA_PINS ":chip=xc7:idcode=1362d093");
	assert_int_equal(dr(32, 0), 0x1362d093);
	assert_int_equal(ir(6, 0x3f), 0x11);
	xc7_load(&stream);
	idle(10);
	pass(HALF);
	assert_false(done());
	idle(3);
	pass(HALF);
	assert_true(done());
	assert_int_equal(ir(6, 0x08), 0x35);
	assert_int_equal(dr(32, 0), 0xdeadbeef);
	/* DONE is bit 14, and the highest bit comes first. */
	ir(6, 0x04);
	assert_int_equal(dr(32, 0) >> (31 - 14) & 1, 1);
	ir(6, 0x0b);
	pass(HALF);
	assert_false(done());
	/* Busy: INIT is low. */
	assert_int_equal(ir(6, 0x3f), 0x01);
}

static void a_wrong_bitstream_does_not_start_an_xc7(void **state)
{
	struct stream right = make_xc7(0x0362d093);
	struct stream stream = make_xc7(0x03631093);

	(void)state;
	begin_fpga(FPGA_PINS ":chip=xc7");
	xc7_load(&stream);
	idle(20);
	assert_false(done());
	ir(6, 0x04);
	assert_int_equal(dr(32, 0) >> (31 - 15) & 1, 1);
	stream = right;
	stream.bytes[200] ^= 1;
	xc7_load(&stream);
	idle(20);
	assert_false(done());
	ir(6, 0x04);
	assert_int_equal(dr(32, 0) >> 31, 1);
	assert_int_equal(ir(6, 0x3f), 0x01);
	/* A word that is no packet. */
	stream = right;
	stream.bytes[20] = 0xf0;
	xc7_load(&stream);
	idle(20);
	assert_false(done());
	/* Half of it. */
	stream = right;
	stream.size /= 2;
	xc7_load(&stream);
	idle(20);
	assert_false(done());
	xc7_load(&right);
	idle(20);
	pass(HALF);
	assert_true(done());
}

/* With ISC_ENABLE a host only sees a bit of the IR. */
static void an_xc7_shows_whether_configuration_is_enabled(void **state)
{
	(void)state;
	begin_fpga(FPGA_PINS ":chip=xc7");
	ir(6, 0x10);
	assert_int_equal(ir(6, 0x16), 0x19);
	assert_int_equal(ir(6, 0x3f), 0x11);
}

/* For the real thing, by hand. */
static int load_file(const char *chip, const char *idcode, const char *path)
{
	char text[PART_TEXT_SIZE];
	static uint8_t bytes[16 << 20];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	bool ecp5 = strcmp(chip, "ecp5") == 0;

	if (file)
		fclose(file);
	snprintf(text, sizeof(text), FPGA_PINS ":chip=%s:idcode=%s", chip,
		idcode);
	begin_fpga(text);
	ir(ecp5 ? 8 : 6, ecp5 ? 0xc6 : 0x0b);
	dr(8, 0);
	pass(100 * US);
	ir(ecp5 ? 8 : 6, ecp5 ? 0x7a : 0x05);
	send(bytes, size, SIZE_MAX);
	ir(ecp5 ? 8 : 6, ecp5 ? 0x26 : 0x0c);
	idle(20);
	pass(HALF);
	printf("%zu bytes, DONE is %d\n", size, done());
	pins_clear(&pins);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_ecp5_takes_its_bitstream),
		TEST(a_wrong_bitstream_leaves_an_ecp5_as_it_was),
		TEST(while_it_is_cleared_an_ecp5_is_busy),
		TEST(an_xc7_takes_its_bitstream_and_starts_by_clocks),
		TEST(a_wrong_bitstream_does_not_start_an_xc7),
		TEST(an_xc7_shows_whether_configuration_is_enabled),
	};

	if (argc == 4)
		return load_file(argv[1], argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
