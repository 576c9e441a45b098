/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Ports A to E, and the board's signals on them as revision C wires them
 * (GlasgowEmbedded/glasgow firmware/fx2/glasgow_gpio.h): the supplies' enable
 * lines, the LEDs, nALERT, and the FPGA's configuration port.
 */
#include "internal.h"

enum { PORT_A, PORT_B, PORT_C, PORT_D, PORT_E };

#define PA_NALERT   0x01 /* input */
#define PA_CRESET_B 0x02
#define PA_CDONE    0x08 /* input */
#define PA_FLAGD    0x80
#define PB_SI       0x04
#define PB_SS_B     0x08
#define PB_SCK      0x10
#define PD_EN_VA    0x01
#define PD_EN_VB    0x40

/* PORTACFG */
#define PORTACFG_INT0 0x01

/* How long an iCE40HX8K clears its memory after a reset: FPGA-TN-02001. */
#define CLEAR_TICKS (1200 * (tick)TICKS_PER_US)

/* chip->signals: the levels of what the ports drive. */
enum signal {
	CRESET_B = 1 << 0,
	SS_B = 1 << 1,
	SCK = 1 << 2,
	SI = 1 << 3,
	EN_VA = 1 << 4,
	EN_VB = 1 << 5,
};

static uint8_t mode(const struct chip *chip)
{
	return chip->registers[IFCONFIG] & IFCONFIG_MODE;
}

/* TRM 13.3: port B is a half of the FIFO bus, and port D the other one if any
   endpoint is WORDWIDE. */
static bool is_wide(const struct chip *chip)
{
	uint8_t wide = 0;

	for (unsigned i = 0; i < FIFO_COUNT; i++)
		wide |= chip->registers[EP2FIFOCFG + i] & FIFOCFG_WORDWIDE;
	return wide;
}

static uint8_t driven(const struct chip *chip, unsigned port)
{
	bool ports = mode(chip) == 0;

	if (!ports && (port == PORT_B || (port == PORT_D && is_wide(chip))))
		return 0;
	return chip->enable[port];
}

/* The levels of a port's pins; those that nothing drives are high or low by
   the board's pull resistors, as given. */
static uint8_t levels(const struct chip *chip, unsigned port, uint8_t inputs)
{
	uint8_t outputs = driven(chip, port);

	return (chip->latch[port] & outputs) | (inputs & ~outputs);
}

uint8_t pins_read(struct chip *chip, unsigned port)
{
	uint8_t inputs = 0xff;

	if (port == PORT_A) {
		pins_flush(chip);
		if (chip->alert)
			inputs &= ~PA_NALERT;
		if (!chip->on.fpga->ops->done(chip->on.fpga))
			inputs &= ~PA_CDONE;
	}
	if (port == PORT_D)
		inputs = ~(PD_EN_VA | PD_EN_VB);
	return levels(chip, port, inputs);
}

static uint8_t signals_of(const struct chip *chip)
{
	uint8_t a = levels(chip, PORT_A, 0xff);
	uint8_t b = levels(chip, PORT_B, 0xff);
	uint8_t d = levels(chip, PORT_D, 0);

	return (a & PA_CRESET_B ? CRESET_B : 0) | (b & PB_SS_B ? SS_B : 0) |
		(b & PB_SCK ? SCK : 0) | (b & PB_SI ? SI : 0) |
		(d & PD_EN_VA ? EN_VA : 0) | (d & PD_EN_VB ? EN_VB : 0);
}

/* ---- The FPGA's configuration port --------------------------------------------- */

void pins_flush(struct chip *chip)
{
	struct fpga *fpga = chip->on.fpga;

	if (chip->spi_count == 0)
		return;
	chip_meet_fpga(chip);
	fpga->ops->configure(fpga, chip->spi_bytes, chip->spi_count);
	chip->spi_count = 0;
}

static void shift_in(struct chip *chip, bool level)
{
	chip->spi_byte = chip->spi_byte << 1 | level;
	if (++chip->spi_bits < 8)
		return;
	chip->spi_bits = 0;
	chip->spi_bytes[chip->spi_count++] = chip->spi_byte;
	if (chip->spi_count == sizeof(chip->spi_bytes))
		pins_flush(chip);
}

/* FPGA-TN-02001: a low CRESET_B clears the FPGA, which is an SPI target if SS
   is low when CRESET_B goes up. */
static void reset_fpga(struct chip *chip, uint8_t now)
{
	struct fpga *fpga = chip->on.fpga;

	if (now & CRESET_B) {
		chip->fpga_target = !(now & SS_B);
		chip->fpga_cleared = chip_time(chip) + CLEAR_TICKS;
		return;
	}
	chip_meet_fpga(chip);
	fpga->ops->reset(fpga, chip_time(chip));
	chip->on.board->sda_low = false;
	chip->spi_count = 0;
	chip->spi_bits = 0;
}

/* ---- Changes -------------------------------------------------------------------- */

static void switch_supply(struct chip *chip, unsigned port, bool on)
{
	struct board *board = chip->on.board;

	chip_meet_fpga(chip);
	if (on)
		board_enable(board, port);
	else
		board->ports[port].enabled = false;
	board_check_alerts(board);
	board_power_pins(board);
	pins_check_alert(chip);
}

void pins_update(struct chip *chip)
{
	uint8_t now = signals_of(chip);
	uint8_t changed = now ^ chip->signals;

	chip->signals = now;
	if (changed == 0)
		return;
	if (changed & CRESET_B)
		reset_fpga(chip, now);
	if (changed & now & SCK && now & CRESET_B && !(now & SS_B) &&
		chip->fpga_target && chip_time(chip) >= chip->fpga_cleared)
		shift_in(chip, now & SI);
	if (changed & SS_B)
		chip->spi_bits = 0;
	if (changed & EN_VA)
		switch_supply(chip, 0, now & EN_VA);
	if (changed & EN_VB)
		switch_supply(chip, 1, now & EN_VB);
}

void pins_check_alert(struct chip *chip)
{
	bool alert = board_alert(chip->on.board) ||
		chip->on.fpga->ops->alert(chip->on.fpga);

	if (alert == chip->alert)
		return;
	chip_catch_up(chip);
	chip->alert = alert;
	chip_touch(chip);
	if (chip->registers[PORTACFG] & PORTACFG_INT0)
		mcs51_request(&chip->cpu, MCS51_INT0, alert);
}
