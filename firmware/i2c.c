/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The I2C master (TRM, chapter 13.5): transactions with the FPGA and the
 * board's chips.  All other files reach them by these functions.  Never call
 * them from usb_poll(), which runs in the middle of commands.
 *
 * Each wait has a limit, so that a chip that holds the bus cannot stop the
 * firmware: the transaction fails, and the next one tries again.
 */
#include "firmware.h"

__xdata uint8_t i2c_head[2];
__xdata uint16_t smbus_value;
static __xdata uint8_t scratch[2];

/* Wait for the end of a byte: the value of I2CS then; 0 if there was none.  A
   byte takes 22.5 us, the 256 passes of the loop some 300. */
static uint8_t done(void)
{
	uint8_t left = 0;
	uint8_t status;

	do {
		status = I2CS;
		if (status & I2CS_DONE)
			return status;
	} while (--left);
	return 0;
}

static void await_stop(void)
{
	uint8_t left = 0;

	while (I2CS & I2CS_STOP && --left)
		;
}

static void stop(void)
{
	I2CS = I2CS_STOP;
	await_stop();
}

static bool put(uint8_t byte)
{
	I2DAT = byte;
	return (done() & (I2CS_BERR | I2CS_ACK)) == I2CS_ACK;
}

static bool start(uint8_t address)
{
	I2CS = I2CS_START;
	return put(address);
}

/* A start condition, the address, and the head. */
static bool begin(uint8_t chip, uint8_t head_size)
{
	if (!start(chip << 1))
		return false;
	if (head_size > 0 && !put(i2c_head[0]))
		return false;
	return head_size < 2 || put(i2c_head[1]);
}

static bool fail(void)
{
	stop();
	return false;
}

bool i2c_write_headed(uint8_t chip, uint8_t head_size,
	__xdata const uint8_t *data, uint8_t size)
{
	if (!begin(chip, head_size))
		return fail();
	for (; size > 0; size--) {
		if (!put(*data++))
			return fail();
	}
	stop();
	return true;
}

bool i2c_write(uint8_t chip, __xdata const uint8_t *data, uint8_t size)
{
	return i2c_write_headed(chip, 0, data, size);
}

/*
 * Set STOP, and read the last byte with the very next instruction: a later read
 * of I2DAT may start another byte (TRM 13.5.4.2).  The address of I2DAT is that
 * of I2CS plus one.
 */
/* clang-format off */
static uint8_t stop_and_read(void) __naked
{
	__asm
	mov	_MPAGE, #0xe6
	mov	r0, #0x78
	mov	r1, #0x79
	mov	a, #0x40
	movx	@r0, a
	movx	a, @r1
	mov	dpl, a
	ret
	__endasm;
}
/* clang-format on */

/*
 * The bytes after the address, into memory or into the FPGA.  There is at least
 * one: a transaction that ends before its first byte would leave the chip
 * driving SDA.  Reading I2DAT begins the next byte, so that this comes first.
 */
static bool receive(__xdata uint8_t *data, uint16_t size)
{
	uint8_t byte, left;

	if (size == 1)
		I2CS = I2CS_LASTRD;
	(void)I2DAT;
	while (--size > 0) {
		/* This is done(), as fast as can be: the bus rests. */
		left = 0;
		while (!(I2CS & I2CS_DONE)) {
			if (--left == 0)
				return fail();
		}
		if (size == 1)
			I2CS = I2CS_LASTRD;
		byte = I2DAT;
		if (data)
			*data++ = byte;
		else
			spi_byte(byte);
	}
	if (!done() || I2CS & I2CS_BERR)
		return fail();
	byte = stop_and_read();
	if (data)
		*data = byte;
	else
		spi_byte(byte);
	await_stop();
	return true;
}

bool i2c_read(
	uint8_t chip, uint8_t head_size, __xdata uint8_t *data, uint16_t size)
{
	if (size == 0)
		return i2c_write_headed(chip, head_size, data, 0);
	if (head_size > 0 && !begin(chip, head_size))
		return fail();
	if (!start(chip << 1 | 1))
		return fail();
	return receive(data, size);
}

/*
 * The 8051 may have been stopped, by request 0xA0, in the middle of a read: the
 * chip that is read drives SDA until it has sent its byte, and that it is not
 * acknowledged.  On a free bus this does nothing.
 */
void i2c_init(void)
{
	I2CTL = I2CTL_400KHZ;
	I2CS = I2CS_LASTRD;
	(void)I2DAT;
	done();
	stop_and_read();
	await_stop();
}

bool smbus_put(uint8_t chip, uint8_t command, uint16_t value, uint8_t size)
{
	i2c_head[0] = command;
	scratch[0] = value;
	scratch[1] = value >> 8;
	return i2c_write_headed(chip, 1, scratch, size);
}

bool smbus_get(uint8_t chip, uint8_t command, uint8_t size)
{
	i2c_head[0] = command;
	smbus_value = 0;
	return i2c_read(chip, 1, (__xdata uint8_t *)&smbus_value, size);
}
