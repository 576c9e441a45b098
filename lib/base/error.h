/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Error messages, for all files of the library and for applets: a function that
 * fails sets a sentence, and clyde_error_message() returns it.
 *
 * A call of clyde.h that succeeds must never change clyde_error_message().
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <sys/types.h>

#include "clyde.h"

#define ERROR_SIZE 320 /* of a sentence with its NUL; as CLYDE_WHY_SIZE */

/*
 * Keep the sentence of a failure for clyde_error_message() on this thread.
 * Returns the error, one of `enum clyde_error`.
 */
int set_error(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
#ifdef __clang_analyzer__
/* Clang's analyser sees one file at a time, and would assume a result of 0. */
#define set_error(error, ...) (set_error(error, __VA_ARGS__), -1)
#endif

/* Called with the result of a call of clyde.h before the call returns: a
   failure that has no sentence yet gets the words of error_text().  Returns the
   result. */
ssize_t call_result(ssize_t result);

/*
 * Begin and end a call of clyde.h.  clyde_error_message() keeps the sentence of
 * an earlier call until a call fails, and a failure never gets the sentence of
 * an earlier call.  A call that is made inside another call is a part of the
 * outermost call.
 */
void error_enter(void);
ssize_t error_leave(ssize_t result);

/* A failure and its sentence. */
struct failure {
	int error;
	char sentence[ERROR_SIZE];
};

/* Called before and after a close that is made inside another call, by an applet
   for instance: a close returns no failure, so what fails in it does not change
   the failure of the outer call. */
void error_keep(struct failure *ret_failure);
void error_restore(const struct failure *failure);

/* Called before and after a callback of the application: the calls that the
   callback makes are not part of the call that the callback runs in, and do not
   change the failure of that call. */
void error_suspend(struct failure *ret_failure, unsigned *ret_calls);
void error_continue(const struct failure *failure, unsigned calls);

/* CLYDE_ERROR_INVALID if an argument of a call of clyde.h is NULL;
   check_buffer(): if it is NULL and `size` is not 0. */
int check_given(const char *name, const void *argument);
int check_buffer(const char *name, const void *bytes, size_t size);

/* Move the message of this failure into a text, because the call is going to
   succeed: clyde_error_message() must not return the message after that. */
void error_take(int error, char text[ERROR_SIZE]);

/* The error for an errno value of a file or of the system. */
int error_from_errno(int error);

/* A negative result in a few words: "the device was unplugged".  For some
   errors they are more exact than the meaning in the error table, which is for
   all objects: here the error is that of a device or of its link. */
const char *error_text(int result);

#endif
