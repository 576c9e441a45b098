/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* poll URI: an event loop; sends each line of input to the FPGA and back. */
#include <clyde.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static int loop(struct clyde_device *device, struct clyde_pipe **ends)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = clyde_device_poll_fd(device), .events = POLLIN}};
	char data[512];
	size_t under_way = 0;

	while (fds[0].fd >= 0 || under_way > 0) {
		ssize_t size = 0;

		poll(fds, 2, -1);
		if (fds[0].revents && (size = read(0, data, 512)) <= 0)
			fds[0].fd = -1; /* the input has ended */
		if (size > 0 && clyde_pipe_write(ends[0], data, size, 0) < size)
			return -1;
		under_way += size > 0 ? size : 0;
		/* Also after a write: its transfer may have completed by now. */
		if (clyde_pipe_push(ends[0]) < 0 ||
			clyde_device_process(device) < 0)
			return -1;
		size = clyde_pipe_read_some(ends[1], data, sizeof(data), 0);
		if (size > 0)
			under_way -= write(STDOUT_FILENO, data, size);
		else if (size != CLYDE_ERROR_TIMEOUT)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	enum clyde_pipe_id ids[] = {CLYDE_PIPE_EP2_OUT, CLYDE_PIPE_EP6_IN};
	struct clyde_context *context = NULL;
	struct clyde_device *device;
	struct clyde_pipe *ends[2];
	bool done = argc == 2 && clyde_context_new(&context) == 0 &&
		clyde_device_open(context, argv[1], NULL, &device) == 0 &&
		clyde_fpga_load_image(device) >= 0 &&
		clyde_core_attach(device, CLYDE_CORE_BENCHMARK, ids, 2) == 0 &&
		clyde_pipe_open(device, ids[0], NULL, &ends[0]) == 0 &&
		clyde_pipe_open(device, ids[1], NULL, &ends[1]) == 0 &&
		clyde_core_write(device, CLYDE_CORE_BENCHMARK, "mode",
			CLYDE_BENCHMARK_LOOPBACK) == 0 &&
		loop(device, ends) == 0;

	if (!done)
		fprintf(stderr, "%s%s\n",
			argc == 2 ? "poll: " : "usage: poll URI",
			clyde_error_message());
	clyde_context_close(context);
	return !done;
}
