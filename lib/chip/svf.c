/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The player of SVF: its life, and the characters of a file.  Words are given to
 * svf-statement.c in capitals.
 */
#include "svf-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"

struct svf *svf_new(const struct svf_port *port, void *user, uint32_t bits_max)
{
	struct svf *svf = calloc(1, sizeof(*svf));

	if (svf == NULL)
		return NULL;
	svf->port = port;
	svf->user = user;
	svf->bits_max = bits_max;
	svf->line = 1;
	svf->end_dr = svf->end_ir = JTAG_IDLE;
	svf->run_state = svf->run_end = JTAG_IDLE;
	return svf;
}

void svf_free(struct svf *svf)
{
	if (svf == NULL)
		return;
	for (unsigned i = 0; i < SVF_STATEMENTS; i++)
		for (unsigned j = 0; j < SVF_PARAMETERS; j++)
			free(svf->patterns[i].vectors[j].bytes);
	free(svf);
}

const char *svf_why(const struct svf *svf)
{
	return svf->why;
}

uint64_t svf_line(const struct svf *svf)
{
	return svf->line;
}

int svf_fail(struct svf *svf, int error, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(
		svf->why, sizeof(svf->why), "line %" PRIu64 ": ", svf->line);

	va_start(arguments, format);
	vsnprintf(svf->why + used, sizeof(svf->why) - used, format, arguments);
	va_end(arguments);
	return error;
}

/* ---- Characters ----------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '.' ||
		c == '+' || c == '-' || c == '_';
}

static int end_word(struct svf *svf)
{
	if (svf->word_size == 0)
		return 0;
	svf->word[svf->word_size] = '\0';
	svf->word_size = 0;
	return svf_take_word(svf, svf->word);
}

static int wrong_character(struct svf *svf, char c)
{
	if (c > ' ' && c <= '~')
		return svf_fail(svf, -EINVAL, "%c is not expected here", c);
	return svf_fail(svf, -EINVAL, "a byte 0x%02x is not expected here",
		(unsigned char)c);
}

static int take_digit(struct svf *svf, char c)
{
	struct svf_pattern *pattern = &svf->patterns[svf->statement];
	unsigned digit = number_digit(c);
	int error;

	if (digit > 15)
		return wrong_character(svf, c);
	svf->seen |= 1u << SVF_PARAMETERS; /* a digit */
	if (svf_vector_digit(&pattern->vectors[svf->parameter], digit,
		    pattern->bits, &error))
		return 0;
	if (error != 0)
		return svf_fail(svf, error, "out of memory");
	return svf_fail(svf, -EINVAL, "%s: more digits than %u bits have",
		svf_statement_name(svf->statement), pattern->bits);
}

/* Between parentheses. */
static int take_scan_data(struct svf *svf, char c)
{
	bool any = svf->seen >> SVF_PARAMETERS & 1;

	if (is_space(c))
		return 0;
	if (c != ')')
		return take_digit(svf, c);
	if (!any)
		return svf_fail(svf, -EINVAL, "%s: () has no digit",
			svf_statement_name(svf->statement));
	svf->seen &= ~(1u << SVF_PARAMETERS);
	return svf_take_close(svf);
}

static int take_in_word(struct svf *svf, char c)
{
	if (svf->word_size == SVF_WORD_SIZE - 1) {
		svf->word[svf->word_size] = '\0';
		return svf_fail(svf, -EINVAL, "%s... is too long", svf->word);
	}
	svf->word[svf->word_size++] = c;
	return 0;
}

static int take_outside(struct svf *svf, char c)
{
	int result;

	if (c >= 'a' && c <= 'z')
		c += 'A' - 'a';
	if (is_word(c))
		return take_in_word(svf, c);
	result = end_word(svf);
	if (result != 0 || is_space(c))
		return result;
	if (c == ';')
		return svf_take_end(svf);
	if (c == '(')
		return svf_take_open(svf);
	return wrong_character(svf, c);
}

/* "!" and "//" begin a comment, also inside scan data. */
static int take(struct svf *svf, char c)
{
	if (svf->comment) {
		svf->comment = c != '\n';
		return 0;
	}
	if (svf->slash && c != '/')
		return wrong_character(svf, '/');
	if (c == '!' || (c == '/' && svf->slash)) {
		svf->comment = true;
		svf->slash = false;
		return svf->step == SVF_DIGITS ? 0 : end_word(svf);
	}
	if (c == '/') {
		svf->slash = true;
		return 0;
	}
	return svf->step == SVF_DIGITS ? take_scan_data(svf, c)
				       : take_outside(svf, c);
}

int svf_feed(struct svf *svf, const void *bytes, size_t size)
{
	const char *text = bytes;

	for (size_t i = 0; i < size && svf->error == 0; i++) {
		svf->error = take(svf, text[i]);
		if (svf->error == 0 && text[i] == '\n')
			svf->line++;
	}
	return svf->error;
}

int svf_end(struct svf *svf)
{
	if (svf->error == 0 && svf->slash)
		svf->error = wrong_character(svf, '/');
	if (svf->error == 0)
		svf->error = end_word(svf);
	if (svf->error == 0 && svf->statement != SVF_NONE)
		svf->error = svf_fail(svf, -EINVAL,
			"the file ends in the middle of %s",
			svf_statement_name(svf->statement));
	return svf->error;
}
