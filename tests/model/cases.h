/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The cases to explore, for main.c; in cases.c. */
#ifndef MODEL_CASES_H
#define MODEL_CASES_H

#include "explorer.h"

extern const struct model_case cases[];

#endif
