/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The graph of states that a depth-first search meets, by their hashes: names
 * the next branch to try, and at last whether an end can be reached from every
 * state.
 */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
	uint64_t hash;
	uint32_t parent; /* The state from which it was found. */
	uint32_t length; /* The length of its schedule. */
	/* Where the end of its schedule, beyond its parent's, is in the
	   pool. */
	size_t text;
	uint32_t hashed; /* The next state in its bucket, + 1. */
	bool ends;
};

struct edge {
	uint32_t from, to;
};

struct branch {
	uint32_t state;
	uint32_t length;
	unsigned threads;
};

/* A growing array. */
struct pool {
	void *items;
	size_t count, room;
};

#define BUCKETS (1u << 20)

static struct pool states, edges, branches, text;
static uint32_t *buckets;
static uint32_t last; /* The state that the execution left last. */
static bool rooted;   /* There is such a state. */

static void *add(struct pool *pool, size_t size, size_t count)
{
	if (pool->count + count > pool->room) {
		pool->room = 2 * pool->room + count + 1024;
		pool->items = realloc(pool->items, pool->room * size);
		if (pool->items == NULL) {
			fprintf(stderr, "out of memory\n");
			exit(1);
		}
	}
	pool->count += count;
	return (char *)pool->items + (pool->count - count) * size;
}

static struct state *state_at(uint32_t index)
{
	return (struct state *)states.items + index;
}

void graph_clear(void)
{
	if (buckets == NULL)
		buckets = malloc(BUCKETS * sizeof(*buckets));
	if (buckets == NULL)
		abort();
	memset(buckets, 0, BUCKETS * sizeof(*buckets));
	states.count = edges.count = branches.count = text.count = 0;
	rooted = false;
}

static struct state *find(uint64_t hash)
{
	uint32_t at = buckets[hash % BUCKETS];

	while (at > 0 && state_at(at - 1)->hash != hash)
		at = state_at(at - 1)->hashed;
	return at > 0 ? state_at(at - 1) : NULL;
}

static struct state *make(uint64_t hash, const char *schedule, size_t length)
{
	struct state *state = add(&states, sizeof(*state), 1);
	uint32_t known = 0;

	state->parent = rooted ? last : 0;
	if (rooted)
		known = state_at(last)->length;
	state->hash = hash;
	state->length = length;
	state->ends = false;
	state->hashed = buckets[hash % BUCKETS];
	buckets[hash % BUCKETS] = states.count;
	state->text = text.count;
	if (length > known)
		memcpy(add(&text, 1, length - known), schedule + known,
			length - known);
	return state;
}

bool graph_arrive(uint64_t hash, const char *schedule, size_t length)
{
	struct state *state = find(hash);
	bool new = state == NULL;
	uint32_t index;

	if (new)
		state = make(hash, schedule, length);
	index = state - state_at(0);
	if (rooted)
		*(struct edge *)add(&edges, sizeof(struct edge), 1) =
			(struct edge){last, index};
	last = index;
	rooted = true;
	return new;
}

void graph_branch(size_t length, unsigned threads)
{
	struct branch *branch = add(&branches, sizeof(*branch), 1);

	*branch = (struct branch){last, length, threads};
}

void graph_end(void)
{
	if (rooted)
		state_at(last)->ends = true;
}

size_t graph_next(char *schedule)
{
	struct branch *all = branches.items;

	while (branches.count > 0) {
		struct branch *branch = &all[branches.count - 1];

		if (branch->threads == 0) {
			branches.count--;
			continue;
		}
		schedule[branch->length] = 'A' + __builtin_ctz(branch->threads);
		branch->threads &= branch->threads - 1;
		last = branch->state;
		return branch->length + 1;
	}
	return 0;
}

uint64_t graph_states(void)
{
	return states.count;
}

static int by_target(const void *a, const void *b)
{
	const struct edge *first = a, *second = b;

	return (first->to > second->to) - (first->to < second->to);
}

/* Returns the first of the edges to a state. */
static size_t edges_to(uint32_t to)
{
	const struct edge *all = edges.items;
	size_t low = 0, high = edges.count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (all[middle].to < to)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Marks all states from which an end can be reached, backwards from the
   ends. */
static void spread_ends(void)
{
	const struct edge *all = edges.items;
	uint32_t *queue = calloc(states.count + 1, sizeof(*queue));
	size_t queued = 0;

	if (queue == NULL)
		abort();
	for (uint32_t i = 0; i < states.count; i++)
		if (state_at(i)->ends)
			queue[queued++] = i;
	for (size_t done = 0; done < queued; done++) {
		uint32_t to = queue[done];

		for (size_t i = edges_to(to);
			i < edges.count && all[i].to == to; i++) {
			if (state_at(all[i].from)->ends)
				continue;
			state_at(all[i].from)->ends = true;
			queue[queued++] = all[i].from;
		}
	}
	free(queue);
}

static const char *schedule_of(uint32_t index)
{
	static char schedule[8192];
	const char *all = text.items;
	const struct state *state = state_at(index);

	schedule[state->length] = '\0';
	for (;;) {
		const struct state *parent = state_at(state->parent);
		uint32_t known = index == 0 ? 0 : parent->length;

		memcpy(schedule + known, all + state->text,
			state->length - known);
		if (index == 0)
			return schedule;
		index = state->parent;
		state = parent;
	}
}

const char *graph_trap(void)
{
	if (edges.count > 0)
		qsort(edges.items, edges.count, sizeof(struct edge), by_target);
	spread_ends();
	for (uint32_t i = 0; i < states.count; i++)
		if (!state_at(i)->ends)
			return schedule_of(i);
	return NULL;
}
