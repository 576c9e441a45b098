/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Start, main loop, LEDs, and the time.  Timer 2 counts ticks of 16.384 ms while
 * there is something to time, timer 1 measures short waits.
 */
#include "firmware.h"

/* SDCC's startup code writes initialised variables by MOVX @R0, the upper half
   of whose address is in MPAGE. */
__sfr __at(0x92) _XPAGE;

#define EVERY_IRQ 0xff
/* USBFRAMEH counts in 256 ms. */
#define BLINK 0x02

volatile uint8_t discharge;
bool test_leds;

void supplies_off(uint8_t enables)
{
	if (IOD & enables) {
		discharge = TICKS_DISCHARGE;
		TR2 = 1;
	}
	IOD &= ~enables;
}

void show_error(bool on)
{
	if (!test_leds)
		PIN_LED_ERR = on;
}

void show_configured(bool on)
{
	if (!test_leds)
		PIN_LED_ICE = on;
}

enum mgmt_result leds_test(void)
{
	test_leds = request.data.leds.enabled;
	IOD &= ~PORTD_LEDS;
	if (test_leds)
		IOD |= request.data.leds.state << PORTD_LEDS_SHIFT & PORTD_LEDS;
	else
		PIN_LED_ICE = PIN_CDONE;
	return MGMT_ACK;
}

void wait(uint16_t count)
{
	count = -count;
	TR1 = 0;
	TH1 = count >> 8;
	TL1 = count;
	TF1 = 0;
	TR1 = 1;
	while (!TF1)
		;
	TR1 = 0;
}

/* Traffic on any endpoint lights an LED for a tick.  The other one blinks until
   the host has given the device an address: a cable may have no data wires. */
static bool show_traffic(void)
{
	bool traffic = EPIRQ != 0;

	if (traffic)
		EPIRQ = EVERY_IRQ;
	if (!test_leds) {
		PIN_LED_ACT = traffic;
		PIN_LED_FX2 = FNADDR != 0 || USBFRAMEH & BLINK;
	}
	return traffic;
}

/* Timer 2 stops when there is nothing to time: show_traffic() starts it. */
void tick(void)
{
	if (TF2 && discharge > 0 && !(IOD & PORTD_ENABLES))
		discharge--;
	TF2 = 0;
	TR2 = show_traffic() || discharge > 0 || FNADDR == 0;
}

void wait_for_discharge(void)
{
	while (discharge > 0 && !(IOD & PORTD_ENABLES)) {
		if (TF2)
			tick();
		usb_poll();
	}
}

static void timers_init(void)
{
	TMOD = TMOD_TIMER1_16_BIT;
	RCAP2L = 0;
	RCAP2H = 0;
	T2CON = 0;
	TR2 = 1;
}

/* On a board of another revision the pins have other uses: leave them alone. */
static void board_init(void)
{
	bool known = config.revision >= REVISION_C0 &&
		config.revision <= REVISION_C3;

	discharge = TICKS_DISCHARGE;
	SYNCDELAY();
	IFCONFIG = IFCONFIG_IFCLKSRC | IFCONFIG_3048MHZ;
	SYNCDELAY();
	OEB = 0;
	ports_mask = 0;
	if (!known)
		return;
	ports_mask = 0x03;
	IOA = PIN_CDONE ? PORTA_CRESET_B : 0;
	OEA = PORTA_OUTPUTS;
	OED = 0xff;
	ports_init();
}

static void init(void)
{
	/* Supplies off, before anything takes time. */
	IOD = 0;
	IE = 0;
	CPUCS = CPUCS_CLKSPD1 | CPUCS_CLKOE;
	SYNCDELAY();
	REVCTL = REVCTL_ENH_PKT | REVCTL_DYN_OUT;
	SYNCDELAY();
	i2c_init();
	timers_init();
	nvm_load_config();
	board_init();
	pipes_init();
	fpga_init();
	mgmt_reset();
	usb_connect();
}

static bool loading(void)
{
	return usb_alternate[USB_IFACE_EP2OUT] >= USB_ALT_CFG;
}

/*
 * Wait until there is something to do.  The loop only reads: the emulator sees
 * that nothing happens in it, and skips it.
 */
static void idle(void)
{
	uint8_t awaits = mgmt_awaits;
	bool alert_line = ports_mask != 0;
	bool load = loading();

	/* A wait inside of a command may have found the request. */
	if (usb_deferred || (fpga_booting && discharge == 0))
		return;
	while (!TF2 && !(USBIRQ & USBIRQ_SUDAV)) {
		if (!TR2 && EPIRQ)
			break;
		if (alert_line && !PIN_ALERT_N)
			break;
		if (awaits && !(EP01STAT & awaits))
			break;
		if (load && !(EP2468STAT & EP2468STAT_EP2E))
			break;
	}
}

void main(void)
{
	init();
	for (;;) {
		idle();
		if (TF2 || (!TR2 && EPIRQ))
			tick();
		usb_poll();
		if (ports_mask != 0 && !PIN_ALERT_N) {
			ports_poll_alert();
			fpga_poll_alert();
			mgmt_watch();
		}
		if (usb_deferred)
			usb_carry_out();
		if (fpga_booting)
			fpga_boot();
		if (loading())
			fpga_poll_load();
		mgmt_poll();
	}
}
