/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* loopback URI TEXT: send a text to the FPGA and back, and print the time. */
#include <clyde.h>
#include <stdio.h>
#include <string.h>

#define CORE CLYDE_CORE_BENCHMARK

static int loopback(struct clyde_device *device, const char *text)
{
	static const enum clyde_pipe_id ids[] = {
		CLYDE_PIPE_EP2_OUT, CLYDE_PIPE_EP6_IN};
	struct clyde_pipe *out, *in;
	size_t size = strlen(text);
	ssize_t more;
	int64_t begin, end;
	char back[256];

	if (size > sizeof(back))
		size = sizeof(back);
	if (clyde_fpga_load_image(device) < 0 ||
		clyde_core_attach(device, CORE, ids, 2) < 0 ||
		clyde_pipe_open(device, ids[0], NULL, &out) < 0 ||
		clyde_pipe_open(device, ids[1], NULL, &in) < 0 ||
		clyde_pipe_set_idle_flush(in, 4000) < 0 ||
		clyde_core_write(
			device, CORE, "mode", CLYDE_BENCHMARK_LOOPBACK) < 0 ||
		clyde_device_now(device, &begin) < 0 ||
		clyde_pipe_write(out, text, size, 1000) < 0 ||
		clyde_pipe_push(out) < 0)
		return -1;
	/* If a read returns fewer bytes, the next one returns the error. */
	for (size_t got = 0; got < size; got += more)
		if ((more = clyde_pipe_read(in, back + got, size - got, 99)) <
			0)
			return -1;
	clyde_device_now(device, &end);
	printf("%.*s\n%.1f us\n", (int)size, back, (end - begin) / 1e3);
	return 0;
}

int main(int argc, char **argv)
{
	struct clyde_context *context;
	struct clyde_device *device;
	int result;

	if (argc != 3)
		fputs("usage: loopback URI TEXT\n", stderr);
	if (argc != 3 || clyde_context_new(&context) < 0)
		return 1;
	result = clyde_device_open(context, argv[1], NULL, &device);
	if (result == 0)
		result = loopback(device, argv[2]);
	if (result < 0)
		fprintf(stderr, "loopback: %s\n", clyde_error_message());
	clyde_context_close(context); /* closes device and pipes too */
	return result < 0;
}
