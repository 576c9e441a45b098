/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Fuzzes `clyde virtual` with a program that may write anything to its socket
   and its memory: the input is a list of operations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "plug/devices.h"
#include "plug/usbfs/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct client {
	int socket;
	int fds[USBFS_FDS];
	struct usbfs_shared *shared;
	uint32_t tail;
};

static struct virtual_devices world;
static struct usbfs_host *host;

static void clean_up(void)
{
	usbfs_host_free(host);
	virtual_devices_free(&world);
}

static void set_up(void)
{
	static const struct usbfs_options options = {
		.bytes_max = USBFS_BYTES_DEFAULT};
	char why[USBFS_WHY_SIZE];

	if (virtual_devices_new(&world, "configured=1", PACE_OFF, NULL) < 0 ||
		usbfs_host_new(world.plugs, 1, &options, &host, why) < 0)
		abort();
	atexit(clean_up);
}

static void run_host(void)
{
	for (int i = 0; i < 8; i++) {
		host_poll(host, false);
		host_run(host);
	}
}

static void ask(struct client *client, uint32_t op, uint32_t a, uint32_t b)
{
	struct usbfs_request request = {op, a, b};
	struct usbfs_reply reply;

	send(client->socket, &request, sizeof(request),
		MSG_NOSIGNAL | MSG_DONTWAIT);
	run_host();
	while (recv(client->socket, &reply, sizeof(reply), MSG_DONTWAIT) > 0)
		;
}

static void open_client(struct client *client)
{
	struct usbfs_request request = {USBFS_OPEN, USBFS_BUS, USBFS_ADDRESS};
	struct usbfs_reply reply;
	struct iovec part = {&reply, sizeof(reply)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(client->fds))];
	} control;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
		usbfs_host_directory(host), USBFS_SOCKET);
	client->socket = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (connect(client->socket, (struct sockaddr *)&address,
		    sizeof(address)) < 0)
		abort();
	send(client->socket, &request, sizeof(request), 0);
	run_host();
	if (recvmsg(client->socket, &message, 0) != sizeof(reply))
		abort();
	memcpy(client->fds, CMSG_DATA(&control.header), sizeof(client->fds));
	client->shared = mmap(NULL, USBFS_MEMORY_SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED, client->fds[USBFS_FD_MEMORY], 0);
	if (client->shared == MAP_FAILED)
		abort();
}

static void close_client(struct client *client)
{
	munmap(client->shared, USBFS_MEMORY_SIZE);
	for (int i = 0; i < USBFS_FDS; i++)
		close(client->fds[i]);
	close(client->socket);
	run_host();
}

static void fill_slot(struct client *client, const uint8_t operation[8])
{
	static const uint32_t lengths[] = {0, 1, 8, 511, 512, 513, 65536,
		1 << 20, USBFS_DATA_SIZE, UINT32_MAX};
	static const uint8_t endpoints[] = {
		0, 0x01, 0x81, 0x02, 0x04, 0x86, 0x88, 0x83};
	struct usbfs_slot *slot = &client->shared->slots[operation[1]];
	uint8_t *room = (uint8_t *)client->shared + USBFS_DATA_OFFSET;

	slot->offset = operation[2] < 250 ? operation[2] * 4096u
					  : UINT32_MAX - operation[3];
	slot->length = lengths[operation[4] % 10];
	slot->endpoint = endpoints[operation[5] % 8];
	slot->flags = operation[6];
	if (operation[2] < 250)
		memcpy(room + slot->offset, operation, 8);
}

static void command(struct client *client, uint32_t command)
{
	client->shared->commands[client->tail % USBFS_COMMANDS] = command;
	client->shared->command_tail = ++client->tail;
}

static void act(struct client *client, const uint8_t operation[8])
{
	uint8_t *raw = (uint8_t *)client->shared;
	uint32_t word;

	memcpy(&word, operation + 4, sizeof(word));
	switch (operation[0] % 8) {
	case 0:
		fill_slot(client, operation);
		break;
	case 1:
		fill_slot(client, operation);
		command(client, operation[1]);
		break;
	case 2:
		command(client, USBFS_CANCEL | operation[1]);
		break;
	case 3:
		ask(client, operation[1] % (USBFS_OPS + 2), operation[2],
			operation[3]);
		break;
	case 4:
		ask(client, operation[1] % USBFS_OPS, word, operation[3]);
		break;
	case 5:
		command(client, word);
		break;
	case 6: /* At any offset before the data. */
		memcpy(raw + (operation[1] << 8 | operation[2]) * 8,
			operation + 3, 5);
		break;
	case 7:
		run_host();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client client = {0};

	if (host == NULL)
		set_up();
	open_client(&client);
	for (size_t at = 0; at + 8 <= size; at += 8)
		act(&client, data + at);
	run_host();
	close_client(&client);
	return 0;
}
