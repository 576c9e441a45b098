/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Starts no thread, which tests/support/starts-threads must notice. */
int main(void)
{
	return 0;
}
