/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The registers of the FX2LP that this firmware uses, with the names of the
 * EZ-USB Technical Reference Manual (TRM), chapter 15.  A bit has the name of
 * its register in front.
 */
#ifndef FIRMWARE_FX2_H
#define FIRMWARE_FX2_H

#include <stdbool.h>
#include <stdint.h>

/* Special function registers: TRM, table 15-1 */
__sfr __at(0x80) IOA;
__sfr __at(0x88) TCON;
__sfr __at(0x89) TMOD;
__sfr __at(0x8b) TL1;
__sfr __at(0x8d) TH1;
__sfr __at(0x90) IOB;
__sfr __at(0x92) MPAGE;
__sfr __at(0x9a) AUTOPTRH1;
__sfr __at(0x9b) AUTOPTRL1;
__sfr __at(0xa8) IE;
__sfr __at(0xaa) EP2468STAT;
__sfr __at(0xaf) AUTOPTRSETUP;
__sfr __at(0xb0) IOD;
__sfr __at(0xb2) OEA;
__sfr __at(0xb3) OEB;
__sfr __at(0xb5) OED;
__sfr __at(0xba) EP01STAT;
__sfr __at(0xc8) T2CON;
__sfr __at(0xca) RCAP2L;
__sfr __at(0xcb) RCAP2H;

/* Bits of those that are bit-addressable */
__sbit __at(0x80 + 0) PA0;
__sbit __at(0x80 + 1) PA1;
__sbit __at(0x80 + 3) PA3;
__sbit __at(0x88 + 6) TR1;
__sbit __at(0x88 + 7) TF1;
__sbit __at(0x90 + 2) PB2;
__sbit __at(0x90 + 4) PB4;
__sbit __at(0xb0 + 0) PD0;
__sbit __at(0xb0 + 2) PD2;
__sbit __at(0xb0 + 3) PD3;
__sbit __at(0xb0 + 4) PD4;
__sbit __at(0xb0 + 5) PD5;
__sbit __at(0xb0 + 6) PD6;
__sbit __at(0xc8 + 2) TR2;
__sbit __at(0xc8 + 7) TF2;

#define TMOD_TIMER1_16_BIT    0x10
#define AUTOPTRSETUP_APTR1INC 0x02
#define AUTOPTRSETUP_APTREN   0x01
#define EP01STAT_EP1INBSY     0x04
#define EP01STAT_EP1OUTBSY    0x02
#define EP2468STAT_EP2E       0x01

/* Registers in the data space: TRM, table 15-2 */
#define FX2_REGISTER(address) (*(__xdata volatile uint8_t *)(address))

#define CPUCS        FX2_REGISTER(0xe600)
#define IFCONFIG     FX2_REGISTER(0xe601)
#define PINFLAGSAB   FX2_REGISTER(0xe602)
#define PINFLAGSCD   FX2_REGISTER(0xe603)
#define FIFORESET    FX2_REGISTER(0xe604)
#define FIFOPINPOLAR FX2_REGISTER(0xe609)
#define REVCTL       FX2_REGISTER(0xe60b)
#define EP1OUTCFG    FX2_REGISTER(0xe610)
#define EP1INCFG     FX2_REGISTER(0xe611)
#define OUTPKTEND    FX2_REGISTER(0xe649)
#define USBIRQ       FX2_REGISTER(0xe65d)
#define EPIRQ        FX2_REGISTER(0xe65f)
#define PORTACFG     FX2_REGISTER(0xe670)
#define I2CS         FX2_REGISTER(0xe678)
#define I2DAT        FX2_REGISTER(0xe679)
#define I2CTL        FX2_REGISTER(0xe67a)
#define XAUTODAT1    FX2_REGISTER(0xe67b)
#define USBCS        FX2_REGISTER(0xe680)
#define TOGCTL       FX2_REGISTER(0xe683)
#define USBFRAMEH    FX2_REGISTER(0xe684)
#define FNADDR       FX2_REGISTER(0xe687)
#define EP0BCH       FX2_REGISTER(0xe68a)
#define EP0BCL       FX2_REGISTER(0xe68b)
#define EP1OUTBC     FX2_REGISTER(0xe68d)
#define EP1INBC      FX2_REGISTER(0xe68f)
#define EP2BCH       FX2_REGISTER(0xe690)
#define EP2BCL       FX2_REGISTER(0xe691)
#define EP0CS        FX2_REGISTER(0xe6a0)
#define EP1OUTCS     FX2_REGISTER(0xe6a1)
#define EP1INCS      FX2_REGISTER(0xe6a2)
#define SUDPTRH      FX2_REGISTER(0xe6b3)
#define SUDPTRL      FX2_REGISTER(0xe6b4)
#define SUDPTRCTL    FX2_REGISTER(0xe6b5)

/* EP2CFG to EP8CFG, and EP2FIFOCFG to EP8FIFOCFG: 0 = EP2, 3 = EP8 */
#define EPxCFG(pipe)     (((__xdata volatile uint8_t *)0xe612)[pipe])
#define EPxFIFOCFG(pipe) (((__xdata volatile uint8_t *)0xe618)[pipe])
/* EP2CS to EP8CS */
#define EPxCS(pipe) (((__xdata volatile uint8_t *)0xe6a3)[pipe])

#define SETUPDAT   ((__xdata volatile uint8_t *)0xe6b8)
#define EP1OUTBUF  ((__xdata uint8_t *)0xe780)
#define EP1INBUF   ((__xdata uint8_t *)0xe7c0)
#define EP2FIFOBUF ((__xdata uint8_t *)0xf000)

#define CPUCS_CLKSPD1       0x10 /* 48 MHz */
#define CPUCS_CLKOE         0x02
#define IFCONFIG_IFCLKSRC   0x80 /* internal */
#define IFCONFIG_3048MHZ    0x40 /* 48 MHz */
#define IFCONFIG_IFCLKOE    0x20
#define IFCONFIG_SLAVE_FIFO 0x03 /* IFCFG1 and 0 */
#define FIFORESET_NAKALL    0x80
#define REVCTL_DYN_OUT      0x02
#define REVCTL_ENH_PKT      0x01
#define EPCFG_VALID         0x80
#define EPCFG_DIR           0x40 /* IN */
#define EPCFG_BULK          0x20 /* TYPE1 */
#define EPCFG_DOUBLE        0x02 /* BUF1; without it, quadruple */
#define EPFIFOCFG_AUTOOUT   0x10
#define EPFIFOCFG_ZEROLENIN 0x04
#define OUTPKTEND_SKIP      0x80
#define USBIRQ_SUDAV        0x01
#define PORTACFG_FLAGD      0x80
#define I2CS_START          0x80
#define I2CS_STOP           0x40
#define I2CS_LASTRD         0x20
#define I2CS_BERR           0x04
#define I2CS_ACK            0x02
#define I2CS_DONE           0x01
#define I2CTL_400KHZ        0x01
#define USBCS_DISCON        0x08
#define USBCS_RENUM         0x02
#define TOGCTL_RESET        0x20
#define TOGCTL_IN           0x10
#define EP0CS_HSNAK         0x80
#define EPCS_BUSY           0x02
#define EPCS_STALL          0x01

/*
 * Between accesses to some registers, among them those of FIFOs and byte
 * counts, time must pass: with IFCLK and CPU at 48 MHz, three instruction
 * cycles (TRM 15.14).
 */
#define SYNCDELAY() __asm__("nop\n nop\n nop")

#endif
