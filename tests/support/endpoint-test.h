/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Shared by the tests of the user's end of an applet's bytes: endpoints of a run
 * that only has descriptors and an observer, a folder for sockets and links, and
 * calls of the system that fail.  The linker leads the library's calls here
 * (-Wl,--wrap), see `wrapped_calls` in meson.build.
 */
#ifndef TESTS_ENDPOINT_TEST_H
#define TESTS_ENDPOINT_TEST_H

#include "clyde-test.h"

#include "lib/run/endpoint.h"

/* The next call of this function fails once, with this errno. */
void fail_next(const char *name, int error);

/* bind() was given all addresses of the machine.  It got the loopback interface
   instead: no test is open to the network. */
extern bool bound_to_all;

/* What the endpoint told last: the name of the event, and the address or path. */
#define TOLD_SIZE 128
extern char told[TOLD_SIZE], event[32];

/* Initialise an endpoint; with the descriptors of a run, or without. */
void attach(struct endpoint *endpoint, int in, int out);
void begin(struct endpoint *endpoint);

/* A path in the folder, behind a prefix; valid until the call after the next. */
const char *in_folder(const char *prefix, const char *name);
/* A path of so many bytes in the folder. */
char *long_path(char *text, size_t size);
bool exists(const char *path);
void make_file(const char *path);

/* Reads once, and asserts that these are the bytes. */
void assert_bytes(int fd, const char *expected);

/* For the group of tests: the second fails if a test has left a file. */
int make_folder(void **state);
int remove_folder(void **state);

#endif
