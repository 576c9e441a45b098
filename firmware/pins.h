/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * What the FX2's ports and its I2C bus are connected to on revisions C0 to C3.
 * Source: GlasgowEmbedded/glasgow firmware/fx2/{glasgow_gpio.h,glasgow_i2c.h,
 * port.c,fpga.c}.
 */
#ifndef FIRMWARE_PINS_H
#define FIRMWARE_PINS_H

#include "fx2.h"

#define PIN_ALERT_N  PA0 /* the INA233s and the FPGA pull it low */
#define PIN_CRESET_B PA1
#define PIN_CDONE    PA3
#define PIN_SPI_SI   PB2
#define PIN_SPI_SCK  PB4
#define PIN_LED_FX2  PD2
#define PIN_LED_ICE  PD3
#define PIN_LED_ACT  PD4
#define PIN_LED_ERR  PD5

/* Output enables and levels.  While the FPGA is configured, port B is the FIFO
   bus's data, and the FX2 must not drive it as a port. */
#define PORTA_OUTPUTS     0x02
#define PORTA_CRESET_B    0x02
#define PORTB_SPI_OUTPUTS 0x1c
#define PORTB_SPI_IDLE    0x10 /* SPI_SS_B low, SCK high */
#define PORTD_ENABLE_A    0x01
#define PORTD_ENABLE_B    0x40
#define PORTD_ENABLES     (PORTD_ENABLE_A | PORTD_ENABLE_B)
#define PORTD_LEDS        0x3c
#define PORTD_LEDS_SHIFT  2

/* 7-bit addresses */
#define CHIP_FX2_MEM   0x51
#define CHIP_ICE_MEM   0x52 /* and 0x53: the upper 64 KiB */
#define CHIP_DAC_A     0x0e /* C3 */
#define CHIP_DAC_A_OLD 0x0c
#define CHIP_DAC_B     0x0d
#define CHIP_ADC_OLD   0x54 /* ADC081C of C0 and C1; port B has the next */
#define CHIP_ADC       0x40 /* INA233 of C2 and C3 */
#define CHIP_EXPANDER  0x20 /* PCA6408A */

#define ADC081C_RESULT        0x00
#define ADC081C_CONFIGURATION 0x02

/* INA233: SBOS790, table 6-4 */
#define INA233_CLEAR_FAULTS        0x03
#define INA233_RESTORE_DEFAULT_ALL 0x12
#define INA233_IOUT_OC_WARN_LIMIT  0x4a
#define INA233_VIN_OV_WARN_LIMIT   0x57
#define INA233_VIN_UV_WARN_LIMIT   0x58
#define INA233_STATUS_MFR_SPECIFIC 0x80
#define INA233_READ_VIN            0x88
#define INA233_READ_IOUT           0x8c
#define INA233_MFR_ALERT_MASK      0xd2
#define INA233_MFR_CALIBRATION     0xd4

#define PCA6408A_INPUT         0x00
#define PCA6408A_OUTPUT        0x01
#define PCA6408A_CONFIGURATION 0x03

#endif
