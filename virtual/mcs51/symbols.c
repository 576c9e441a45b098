/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Parses the lines of SDCC's .map and .cdb files that tell where a function is.
 * They are foreign bytes: no line, number or name is taken to be well formed.
 *
 *	C:   00000062  _main    main		.map: a global name of code
 *	C:   00000046  Fmain$help$0$0   main	.map, with --debug: a static one
 *	L:G$main$0$0:62				.cdb: a global function
 *	L:Fmain$help$0$0:46			.cdb: a static one
 *	L:XG$main$0$0:7B			.cdb: its end
 *
 * In a .cdb, variables have such lines as well; but only functions have an end.
 */
#include "symbols.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A piece of the text. */
struct piece {
	const char *text;
	size_t size;
};

/* A line that may be of a function. */
struct entry {
	struct piece key;  /* equal for a function and its end: "Fmain$help" */
	struct piece name; /* without _, or scope and $ */
	uint32_t address;
	bool ends;   /* an end, which makes the entries of its name functions */
	bool global; /* of a .map: a function for sure */
};

struct entries {
	size_t count;
	struct entry *entry;
};

static bool take_line(struct piece *text, struct piece *ret_line)
{
	const char *end;

	if (text->size == 0)
		return false;
	end = memchr(text->text, '\n', text->size);
	ret_line->text = text->text;
	ret_line->size = end ? (size_t)(end - text->text) : text->size;
	text->text += ret_line->size + (end ? 1 : 0);
	text->size -= ret_line->size + (end ? 1 : 0);
	return true;
}

/* The next word, up to a space; empty at the end of the line. */
static struct piece take_word(struct piece *line)
{
	struct piece word;

	while (line->size > 0 && (unsigned char)line->text[0] <= ' ') {
		line->text++;
		line->size--;
	}
	word = (struct piece){line->text, 0};
	while (line->size > 0 && (unsigned char)line->text[0] > ' ') {
		line->text++;
		line->size--;
		word.size++;
	}
	return word;
}

/* What stands before the character, which is taken as well. */
static bool take_until(struct piece *from, char end, struct piece *ret_piece)
{
	const char *at =
		from->size > 0 ? memchr(from->text, end, from->size) : NULL;

	if (!at)
		return false;
	*ret_piece = (struct piece){from->text, at - from->text};
	from->size -= ret_piece->size + 1;
	from->text = at + 1;
	return true;
}

static bool parse_address(struct piece digits, uint32_t *ret_address)
{
	uint32_t value = 0;

	if (digits.size < 1 || digits.size > 8)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		const char *all = "0123456789abcdef0123456789ABCDEF";
		const char *digit =
			digits.text[i] ? strchr(all, digits.text[i]) : NULL;

		if (!digit)
			return false;
		value = value << 4 | ((digit - all) & 15);
	}
	*ret_address = value;
	return value <= 0xffff;
}

/* "G$main$0$0", "Ffile$main$0$0", or with an X before */
static bool parse_scoped(struct piece text, struct entry *entry)
{
	struct piece scope;

	if (!take_until(&text, '$', &scope) ||
		!take_until(&text, '$', &entry->name))
		return false;
	if (scope.size > 0 && scope.text[0] == 'X') {
		entry->ends = true;
		scope.text++;
		scope.size--;
	}
	entry->key =
		(struct piece){scope.text, scope.size + 1 + entry->name.size};
	return scope.size > 0 && (scope.text[0] == 'G' || scope.text[0] == 'F');
}

static bool parse_line(struct piece line, struct entry *entry)
{
	struct piece first = take_word(&line), scoped;

	*entry = (struct entry){0};
	if (first.size == 2 && !memcmp(first.text, "C:", 2)) {
		if (!parse_address(take_word(&line), &entry->address))
			return false;
		entry->name = take_word(&line);
		if (entry->name.size < 2 || entry->name.text[0] != '_')
			return parse_scoped(entry->name, entry);
		entry->key = entry->name;
		entry->name.text++;
		entry->name.size--;
		entry->global = true;
		return true;
	}
	if (first.size < 2 || memcmp(first.text, "L:", 2) != 0)
		return false;
	first.text += 2;
	first.size -= 2;
	return take_until(&first, ':', &scoped) &&
		parse_address(first, &entry->address) &&
		parse_scoped(scoped, entry);
}

static int compare_pieces(struct piece a, struct piece b)
{
	int result = memcmp(a.text, b.text, a.size < b.size ? a.size : b.size);

	if (result != 0)
		return result;
	return (a.size > b.size) - (a.size < b.size);
}

/* By key; an end, or a function for sure, first. */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int result = compare_pieces(left->key, right->key);
	bool sure[2] = {
		left->ends || left->global, right->ends || right->global};

	if (result != 0)
		return result;
	if (sure[0] != sure[1])
		return sure[0] ? -1 : 1;
	return (left->address > right->address) -
		(left->address < right->address);
}

static int compare_symbols(const void *a, const void *b)
{
	const struct mcs51_symbol *left = a, *right = b;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return strcmp(left->name, right->name);
}

static bool same_key(const struct entry *a, const struct entry *b)
{
	return compare_pieces(a->key, b->key) == 0;
}

static void add_symbol(struct mcs51_symbols *symbols, const struct entry *entry)
{
	struct mcs51_symbol *symbol = &symbols->symbol[symbols->count++];
	size_t size = entry->name.size;

	if (size >= sizeof(symbol->name))
		size = sizeof(symbol->name) - 1;
	symbol->address = entry->address;
	memcpy(symbol->name, entry->name.text, size);
	symbol->name[size] = '\0';
}

/* Of the entries of a key, the first that is not an end counts, if one of them
   is known to be of a function. */
static void choose(const struct entries *entries, struct mcs51_symbols *symbols)
{
	const struct entry *entry = entries->entry;

	for (size_t i = 0, next; i < entries->count; i = next) {
		size_t found = i;

		for (next = i + 1; next < entries->count &&
			same_key(&entry[i], &entry[next]);
			next++)
			;
		while (found < next && entry[found].ends)
			found++;
		if ((entry[i].ends || entry[i].global) && found < next)
			add_symbol(symbols, &entry[found]);
	}
	if (symbols->count > 0)
		qsort(symbols->symbol, symbols->count, sizeof(*symbols->symbol),
			compare_symbols);
}

/* One of several names of an address is enough. */
static void drop_doubles(struct mcs51_symbols *symbols)
{
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++)
		if (kept == 0 ||
			symbols->symbol[kept - 1].address !=
				symbols->symbol[i].address)
			symbols->symbol[kept++] = symbols->symbol[i];
	symbols->count = kept;
}

/* Room for all that the text can have. */
static size_t count_lines(struct piece text)
{
	struct piece line;
	size_t lines = 0;

	while (take_line(&text, &line))
		lines++;
	return lines;
}

struct mcs51_symbols *mcs51_symbols_parse(const char *text, size_t size)
{
	struct piece rest = {text, size}, line;
	size_t lines = count_lines(rest);
	struct entries entries = {0};
	struct mcs51_symbols *symbols = calloc(1, sizeof(*symbols));

	entries.entry = calloc(lines + 1, sizeof(*entries.entry));
	if (symbols)
		symbols->symbol = calloc(lines + 1, sizeof(*symbols->symbol));
	if (!entries.entry || !symbols || !symbols->symbol) {
		free(entries.entry);
		mcs51_symbols_destroy(symbols);
		return NULL;
	}
	while (take_line(&rest, &line))
		if (parse_line(line, &entries.entry[entries.count]))
			entries.count++;
	if (entries.count > 0)
		qsort(entries.entry, entries.count, sizeof(*entries.entry),
			compare_entries);
	choose(&entries, symbols);
	drop_doubles(symbols);
	free(entries.entry);
	return symbols;
}

void mcs51_symbols_destroy(struct mcs51_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->symbol);
	free(symbols);
}

const struct mcs51_symbol *mcs51_symbol_at(
	const struct mcs51_symbols *symbols, uint16_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &symbols->symbol[low - 1] : NULL;
}

const struct mcs51_symbol *mcs51_symbol_named(
	const struct mcs51_symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (!strcmp(symbols->symbol[i].name, name) ||
			(name[0] == '_' &&
				!strcmp(symbols->symbol[i].name, name + 1)))
			return &symbols->symbol[i];
	return NULL;
}
