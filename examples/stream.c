/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * Stream bytes from a device to standard output, from the pipe's own memory.
 *
 *	stream URI BYTES > FILE
 */
#include <clyde.h>
#include <stdio.h>
#include <stdlib.h>

static int stream(struct clyde_device *device, size_t left)
{
	const enum clyde_pipe_id in = CLYDE_PIPE_EP6_IN;
	struct clyde_pipe *pipe;

	/* Open the pipe before "mode" starts the core: opening a pipe resets
	   the core. */
	if (clyde_fpga_load_image(device) < 0 ||
		clyde_core_attach(device, CLYDE_CORE_BENCHMARK, &in, 1) < 0 ||
		clyde_pipe_open(device, in, NULL, &pipe) < 0 ||
		clyde_core_write(device, CLYDE_CORE_BENCHMARK, "mode",
			CLYDE_BENCHMARK_SOURCE) < 0)
		return -1;
	while (left > 0) {
		void *data;
		ssize_t size = clyde_pipe_acquire(pipe, &data, 1000);

		if (size < 0)
			return -1;
		if ((size_t)size > left)
			size = left;
		if (fwrite(data, 1, size, stdout) < (size_t)size)
			return 0; /* main() checks ferror() */
		clyde_pipe_release(pipe, size);
		left -= size;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct clyde_context *context;
	struct clyde_device *device;
	int result;

	if (argc != 3)
		fputs("usage: stream URI BYTES > FILE\n", stderr);
	if (argc != 3 || clyde_context_new(&context) < 0)
		return 1;
	result = clyde_device_open(context, argv[1], NULL, &device);
	if (result == 0)
		result = stream(device, strtoull(argv[2], NULL, 0));
	if (result < 0)
		fprintf(stderr, "stream: %s\n", clyde_error_message());
	clyde_context_close(context); /* closes the device and the pipe too */
	return result < 0 || fflush(stdout) == EOF || ferror(stdout);
}
