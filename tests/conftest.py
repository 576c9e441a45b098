# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Shared by all tests in Python."""

import signal

# A shell ignores SIGINT and SIGQUIT in a job that it starts with "&", and the
# job's children inherit that: a program that a test interrupts would not end.
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
