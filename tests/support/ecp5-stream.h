/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Shared by tests of the part tap: a bitstream that grows, and one for an ECP5 as
   ecppack writes it, with few frames. */
#ifndef TESTS_ECP5_STREAM_H
#define TESTS_ECP5_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct stream {
	size_t size;
	uint8_t bytes[8192];
	uint32_t crc;
};

static inline void put(struct stream *stream, uint8_t byte)
{
	assert_true(stream->size < sizeof(stream->bytes));
	stream->bytes[stream->size++] = byte;
}

/* CRC-16/BUYPASS, the usual way: 16 zeros need not be appended. */
static inline void put_sum(struct stream *stream, uint8_t byte)
{
	put(stream, byte);
	stream->crc ^= byte << 8;
	for (unsigned i = 0; i < 8; i++)
		stream->crc = (stream->crc << 1 ^
				      (stream->crc & 0x8000 ? 0x8005 : 0)) &
			0xffff;
}

static inline void put_bytes(struct stream *stream, unsigned count, ...)
{
	va_list list;

	va_start(list, count);
	for (unsigned i = 0; i < count; i++)
		put_sum(stream, va_arg(list, int));
	va_end(list);
}

static inline void put_crc16(struct stream *stream)
{
	put(stream, stream->crc >> 8);
	put(stream, stream->crc);
	stream->crc = 0;
}

/* As ecppack writes it, with few frames; those of an LFE5U-25F have 74 bytes. */
static inline struct stream make_ecp5(uint32_t idcode, uint8_t how)
{
	struct stream stream = {0};

	for (const char *c = "\xff"
			     "Part: LFE5U"
			     "\xff\xff\xff\xbd\xb3\xff\xff";
		*c; c++)
		put(&stream, *c);
	put_bytes(&stream, 4, 0x3b, 0, 0, 0);
	stream.crc = 0;
	put_bytes(&stream, 8, 0xe2, 0, 0, 0, idcode >> 24, idcode >> 16 & 255,
		idcode >> 8 & 255, idcode & 255);
	put_bytes(&stream, 8, 0x22, 0, 0, 0, 0x40, 0, 0, 0);
	put_bytes(&stream, 4, 0x46, 0, 0, 0);
	put_bytes(&stream, 4, 0x82, how, 0, 3);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned j = 0; j < 74; j++)
			put_sum(&stream, i * 11 + j * 7);
		if ((how & 0x80) && (!(how & 0x40) || i == 2))
			put_crc16(&stream);
		for (unsigned j = 0; j < (how & 15u); j++)
			put_sum(&stream, 0xff);
	}
	put_bytes(&stream, 8, 0xc2, 0x80, 0, 0, 0x12, 0x34, 0x56, 0x78);
	put_crc16(&stream);
	put_bytes(&stream, 8, 0xf6, 0, 0, 0, 0, 0, 0, 0);
	put_bytes(&stream, 4, 0xb2, 0xd0, 0, 2);
	for (unsigned i = 0; i < 18; i++)
		put_sum(&stream, i);
	put_crc16(&stream);
	put_bytes(&stream, 4, 0x5e, 0, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		put(&stream, 0xff);
	return stream;
}

#endif
