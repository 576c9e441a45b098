/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The file of a capture: each USB event as a packet, in the form that the
 * kernel's usbmon gives it, so that Wireshark decodes it.  context.c opens and
 * closes it, lib/link/capture/link.c writes to it.
 *
 * A file must never end inside a packet, whatever fails, and a failure here
 * must never fail the transfer that is captured.
 *
 * Formats: "PCAP Capture File Format" (IETF, draft-ietf-opsawg-pcap), link type
 * 220; Linux, Documentation/usb/usbmon.rst, struct usbmon_packet.
 */
#include "lib/base/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The format ------------------------------------------------------- */

/* Numbers are in the order of the machine that writes; readers tell by the
   magic, and swap the usbmon header as well.  A setup packet stays as it is on
   the bus. */

#define PCAP_MAGIC_NS               0xa1b23c4d /* timestamps in ns */
#define PCAP_VERSION_MAJOR          2
#define PCAP_VERSION_MINOR          4
#define PCAP_LINK_USB_LINUX_MMAPPED 220

struct pcap_file_header {
	uint32_t magic;
	uint16_t version_major;
	uint16_t version_minor;
	int32_t reserved[2]; /* once time zone and precision: 0 */
	uint32_t packet_size_max;
	uint32_t link_type;
};

struct pcap_record_header {
	uint32_t seconds;
	uint32_t nanoseconds;
	uint32_t size;     /* B of the packet in the file */
	uint32_t size_all; /* B of the packet as it was */
};

struct usbmon_header {
	uint64_t id;
	char event; /* 'S' submitted, 'C' completed, 'E' refused */
	uint8_t transfer_type;
	uint8_t endpoint; /* with its direction */
	uint8_t device;
	uint16_t bus;
	char setup_flag; /* 0 if there is a setup packet, or '-' */
	char data_flag;  /* 0 if data follows, or why none does: '<', '>' */
	int64_t seconds;
	int32_t microseconds;
	int32_t status; /* of Linux */
	uint32_t size;  /* B asked for, or moved */
	uint32_t data_size;
	uint8_t setup[sizeof(struct usb_setup)];
	int32_t interval;    /* of interrupt and isochronous transfers: 0 */
	int32_t start_frame; /* of isochronous transfers: 0 */
	uint32_t flags;
	uint32_t descriptors; /* of isochronous transfers: 0 */
};

_Static_assert(sizeof(struct pcap_file_header) == 24, "no padding");
_Static_assert(sizeof(struct pcap_record_header) == 16, "no padding");
_Static_assert(sizeof(struct usbmon_header) == 64, "no padding");

#define USBMON_CONTROL 2
#define USBMON_BULK    3

/* The error numbers of Linux on x86, which Wireshark names, whatever <errno.h>
   of this machine has. */
enum usbmon_status {
	STATUS_UNLINKED = -2, /* also: the endpoint is off */
	STATUS_IO = -5,
	STATUS_NO_MEMORY = -12,
	STATUS_BUSY = -16,
	STATUS_STALL = -32,
	STATUS_BABBLE = -75,
	STATUS_RESET = -104,
	STATUS_SHUTDOWN = -108,
	STATUS_IN_PROGRESS = -115,
};

#define FLAG_DIR_IN 0x0200

/* The most that readers of this link type accept in one packet. */
#define PACKET_SIZE_MAX 262144
#define DATA_SIZE_MAX   (PACKET_SIZE_MAX - sizeof(struct usbmon_header))

/* ---- The file --------------------------------------------------------- */

#define BUFFER_SIZE (1 << 20)

_Static_assert(
	BUFFER_SIZE >= sizeof(struct pcap_record_header) + PACKET_SIZE_MAX,
	"every packet fits into an empty buffer");

struct capture {
	char *path;
	int fd;           /* -1 once the capture has ended */
	int error;        /* why it ended early */
	uint64_t packets; /* in the file */
	off_t size;       /* B in the file: whole packets */
	uint64_t pending_packets;
	size_t pending_size; /* B in the buffer: whole packets */
	uint64_t last_id;
	unsigned links; /* that write to it */
	uint8_t last_address;
	uint8_t buffer[BUFFER_SIZE];
};

static void append(struct capture *capture, const void *data, size_t size)
{
	memcpy(capture->buffer + capture->pending_size, data, size);
	capture->pending_size += size;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t result = write(fd, data, size);

		if (result < 0 && errno == EINTR)
			continue;
		if (result < 0)
			return -errno;
		data += result;
		size -= result;
	}
	return 0;
}

/* Nothing is written from now on.  A failed write may have left part of a
   packet, which is cut off; a pipe keeps it. */
static void end(struct capture *capture)
{
	if (capture->fd < 0)
		return;
	if (capture->error) {
		int cut = ftruncate(capture->fd, capture->size);

		(void)cut;
	}
	close(capture->fd);
	capture->fd = -1;
}

/* Write what is pending; if that fails, the capture ends here. */
static int write_pending(struct capture *capture)
{
	int result =
		write_all(capture->fd, capture->buffer, capture->pending_size);

	if (result < 0) {
		capture->error = -result;
		end(capture);
		return result;
	}
	capture->packets += capture->pending_packets;
	capture->size += capture->pending_size;
	capture->pending_packets = 0;
	capture->pending_size = 0;
	return 0;
}

static int open_file(struct capture *capture)
{
	static const struct pcap_file_header header = {
		.magic = PCAP_MAGIC_NS,
		.version_major = PCAP_VERSION_MAJOR,
		.version_minor = PCAP_VERSION_MINOR,
		.packet_size_max = PACKET_SIZE_MAX,
		.link_type = PCAP_LINK_USB_LINUX_MMAPPED,
	};

	capture->fd = open(
		capture->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (capture->fd < 0)
		return -errno;
	append(capture, &header, sizeof(header));
	return write_pending(capture);
}

static void destroy(struct capture *capture)
{
	end(capture);
	free(capture->path);
	free(capture);
}

int capture_open(const char *path, struct capture **ret_capture)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int result = -ENOMEM;

	if (capture == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	capture->fd = -1;
	capture->path = strdup(path);
	if (capture->path)
		result = open_file(capture);
	if (result < 0) {
		result = set_error(error_from_errno(-result),
			"cannot write %s: %s", path, strerror(-result));
		destroy(capture);
		return result;
	}
	*ret_capture = capture;
	return 0;
}

int capture_close(struct capture *capture)
{
	int result = 0;

	if (capture == NULL)
		return 0;
	if (capture->fd >= 0)
		write_pending(capture);
	if (capture->error)
		result = set_error(error_from_errno(capture->error),
			"the capture %s ended early: %s; %llu packets are in "
			"it",
			capture->path, strerror(capture->error),
			(unsigned long long)capture->packets);
	destroy(capture);
	return result;
}

/* ---- The links that write --------------------------------------------- */

bool capture_busy(const struct capture *capture)
{
	return capture && capture->links > 0;
}

uint8_t capture_join(struct capture *capture)
{
	capture->links++;
	/* An address has seven bits, and 0 is for devices without one. */
	capture->last_address = capture->last_address % 127 + 1;
	return capture->last_address;
}

void capture_leave(struct capture *capture)
{
	capture->links--;
}

uint64_t capture_next_id(struct capture *capture)
{
	return ++capture->last_id;
}

/* ---- Packets ---------------------------------------------------------- */

/* How a transfer ended, or why it was refused, as the kernel reports it. */
static enum usbmon_status status_of(const struct capture_event *event)
{
	if (event->type == CAPTURE_SUBMIT)
		return STATUS_IN_PROGRESS;
	switch (event->status) {
	case 0:
		return 0;
	case CLYDE_ERROR_ENDPOINT_OFF:
	case CLYDE_ERROR_CANCELED:
	case CLYDE_ERROR_TIMEOUT:
		return STATUS_UNLINKED;
	case CLYDE_ERROR_NO_MEMORY:
		return STATUS_NO_MEMORY;
	case CLYDE_ERROR_BUSY:
		return STATUS_BUSY;
	case CLYDE_ERROR_STALL:
		return STATUS_STALL;
	case CLYDE_ERROR_BABBLE:
		return STATUS_BABBLE;
	case CLYDE_ERROR_NO_DEVICE:
		return STATUS_SHUTDOWN;
	case CLYDE_ERROR_RESET:
		return STATUS_RESET;
	default:
		return STATUS_IO;
	}
}

static struct usbmon_header header_of(
	const struct capture_event *event, uint64_t now_ns)
{
	static const char letters[] = {
		[CAPTURE_SUBMIT] = 'S',
		[CAPTURE_COMPLETE] = 'C',
		[CAPTURE_ERROR] = 'E',
	};
	bool in = event->endpoint & USB_DIR_IN;
	struct usbmon_header header = {
		.id = event->id,
		.event = letters[event->type],
		.transfer_type = event->setup ? USBMON_CONTROL : USBMON_BULK,
		.endpoint = event->endpoint,
		.device = event->address,
		.bus = event->bus,
		.setup_flag = '-',
		.data_flag = event->data ? 0
			: in             ? '<'
					 : '>',
		.seconds = now_ns / 1000000000,
		.microseconds = now_ns % 1000000000 / 1000,
		.status = status_of(event),
		.size = event->size,
		.flags = in ? FLAG_DIR_IN : 0,
	};

	if (event->setup && event->type == CAPTURE_SUBMIT) {
		header.setup_flag = 0;
		memcpy(header.setup, event->setup, sizeof(header.setup));
	}
	if (event->data)
		header.data_size = event->size < DATA_SIZE_MAX ? event->size
							       : DATA_SIZE_MAX;
	return header;
}

void capture_flush(struct capture *capture, struct link *link)
{
	if (capture->fd >= 0 && capture->pending_size > 0 &&
		write_pending(capture) < 0)
		LOG(link, WARNING, "the capture %s ends here: %s",
			capture->path, strerror(capture->error));
}

void capture_write(struct capture *capture, struct link *link,
	const struct capture_event *event)
{
	uint64_t now_ns = link->ops->now(link);
	struct usbmon_header header = header_of(event, now_ns);
	struct pcap_record_header record = {
		.seconds = now_ns / 1000000000,
		.nanoseconds = now_ns % 1000000000,
		.size = sizeof(header) + header.data_size,
		.size_all = sizeof(header) + header.data_size,
	};

	if (capture->pending_size + sizeof(record) + record.size > BUFFER_SIZE)
		capture_flush(capture, link);
	if (capture->fd < 0)
		return;
	append(capture, &record, sizeof(record));
	append(capture, &header, sizeof(header));
	if (header.data_size > 0)
		append(capture, event->data, header.data_size);
	capture->pending_packets++;
}
