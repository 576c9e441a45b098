/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Starts no thread, so that tests/support/starts-threads must fail on it. */
int main(void)
{
	return 0;
}
