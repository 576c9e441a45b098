/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* What is explored, and how far. */
#ifndef MODEL_CASES_H
#define MODEL_CASES_H

#include "explorer.h"

extern const struct model_case cases[];

#endif
