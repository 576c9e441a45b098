/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Registers of the benchmark core.  A pipe reset clears all but the mode. */
#ifndef WIRE_CORE_BENCHMARK_H
#define WIRE_CORE_BENCHMARK_H

#include "cores.h"

enum reg_bench {
	REG_BENCH_MODE = CORE_BASE_BENCHMARK, /* rw  enum bench_mode */
	REG_BENCH_ERROR,                      /* r   1 once a byte in sink mode
						     was wrong */
	REG_BENCH_COUNT = CORE_BASE_BENCHMARK + 4,   /* r   u32: bytes emitted,
						      checked or echoed */
	REG_BENCH_OFFSET = CORE_BASE_BENCHMARK + 8,  /* r   u32: count at the
						       first wrong byte */
	REG_BENCH_WINDOW = CORE_BASE_BENCHMARK + 16, /* r   8 B as they came,
							from that byte on */
};

#define BENCH_WINDOW_SIZE 8

enum bench_mode {
	BENCH_IDLE = 0,
	BENCH_SOURCE = 1,
	BENCH_SINK = 2,
	BENCH_LOOPBACK = 3,
};

#endif
