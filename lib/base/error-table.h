/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The table of all errors.  error.c includes it for clyde_error_at(), from
 * which the tool and Python get it; scripts/errors writes it into clyde.h and
 * libclyde(3), and a test fails when these differ from it.  A value must never
 * change its meaning.
 *
 * X(NAME, value, exit status of the tool, meaning)
 */
#ifndef LIB_ERROR_TABLE_H
#define LIB_ERROR_TABLE_H

#define ERROR_TABLE(X)                                                        \
	X(INVALID, -1, 64, "an argument is malformed or out of range")        \
	X(NO_MEMORY, -2, 71, "out of memory")                                 \
	X(EXHAUSTED, -3, 71, "the process has opened too many objects")       \
	X(CLOSED, -4, 70, "the object is closed")                             \
	X(WRONG_HANDLE, -5, 70, "the handle is another kind of object's")     \
	X(INSIDE, -6, 70,                                                     \
		"the call would wait for the call that it is made in")        \
	X(CANCELED, -7, 70, "cancelled, or closed by another thread")         \
	X(INTERRUPTED, -8, 130, "clyde_context_interrupt() was called")       \
	X(TIMEOUT, -9, 75, "the deadline passed")                             \
	X(DEADLOCK, -10, 66, "nothing is under way that could end this wait") \
	X(NO_DEVICE, -11, 69, "no device found, or it was unplugged")         \
	X(NO_SERIAL, -12, 68, "no device has this serial number")             \
	X(AMBIGUOUS, -13, 79,                                                 \
		"several devices, and no serial number to choose by")         \
	X(ACCESS, -14, 77, "no permission")                                   \
	X(BUSY, -15, 83, "in use")                                            \
	X(API_LEVEL, -16, 78, "the device speaks another API level")          \
	X(CORRUPT, -17, 65,                                                   \
		"a configuration block, bitstream or firmware is corrupt")    \
	X(PROTOCOL, -18, 76, "the device broke the protocol")                 \
	X(REFUSED, -19, 82, "the device refused a command")                   \
	X(LIMIT, -20, 80, "a supply above the device's limit")                \
	X(FPGA, -21, 81, "the FPGA did not configure")                        \
	X(IO, -22, 74, "a transfer failed")                                   \
	X(STALL, -23, 74, "an endpoint stalled")                              \
	X(BABBLE, -24, 74, "the device sent more than a transfer holds")      \
	X(RESET, -25, 74, "another program reset the device, or took it")     \
	X(ENDPOINT_OFF, -26, 74,                                              \
		"the endpoint is off: its alternate setting was changed")     \
	X(WRONG_DATA, -27, 1, "an applet found wrong data")                   \
	X(NO_CORE, -28, 87, "the FPGA's image lacks a core")                  \
	X(CORE_TAKEN, -29, 90, "a core or its pipes are in use")              \
	X(NO_PIN, -30, 88, "the device has no such pin")                      \
	X(PIN_TAKEN, -31, 89, "two functions on one pin")                     \
	X(NO_SUPPLY, -32, 91, "a pin's port has no supply")                   \
	X(ADDRESS, -33, 92, "an address to listen at is in use")              \
	X(FILE, -34, 73, "a file cannot be read or written")                  \
	X(UNSUPPORTED, -35, 70, "this link, or this system, cannot do it")    \
	X(VERIFY, -36, 95, "the memory does not hold what was written")       \
	X(REVISION, -37, 96, "a board of another revision than C0 to C3")     \
	X(TOO_LARGE, -38, 97, "it does not fit into the EEPROMs")             \
	X(BACKUP, -39, 98, "a backup of an EEPROM is cut short or damaged")   \
	X(CONFIGURED, -40, 99, "the board has a valid configuration block")   \
	X(NO_PROGRAM, -41, 100, "a program that does it is not installed")    \
	X(NO_CHIP, -42, 101, "no chip answers")                               \
	X(PROTECTED, -43, 102, "the chip is write protected")                 \
	X(LIMIT_PASSED, -44, 103, "the chip was not ready within a limit")    \
	X(CHAIN, -45, 104, "the bits of TDO are not those of a scan chain")   \
	X(SVF, -46, 105, "an SVF file is malformed")                          \
	X(MISMATCH, -47, 106, "TDO had other bits than a file expects")

#endif
