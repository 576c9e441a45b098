/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The file of a capture: takes what happened on a link, writes it by libpcap
 * as the kernel's usbmon would show it, so that Wireshark decodes it.
 *
 * libpcap is loaded when a capture is opened: linked in, it and the libraries
 * that it brings would add two thirds to the time the tool takes to start.
 *
 * Format: Linux, Documentation/usb/usbmon.rst; tcpdump.org, link type 220.
 */
#include "internal.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <pcap/usb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What readers of the format accept in one packet. */
#define PACKET_SIZE_MAX 262144
#define DATA_SIZE_MAX   (PACKET_SIZE_MAX - sizeof(pcap_usb_header_mmapped))

/* Written in such pieces, so that the file always ends with a whole packet. */
#define BUFFER_SIZE        (1 << 20)
#define RECORD_HEADER_SIZE 16

/* The kernel's values, whatever this machine's are */
#define STATUS_IN_PROGRESS (-115)
#define STATUS_UNLINKED    (-2)
#define STATUS_SHUTDOWN    (-108)
#define STATUS_STALL       (-32)
#define STATUS_OVERFLOW    (-75)
#define STATUS_RESET       (-104)
#define STATUS_IO          (-5)
#define FLAG_DIR_IN        0x0200

#define BUS 1

struct libpcap {
	typeof(pcap_open_dead_with_tstamp_precision) *open_dead;
	typeof(pcap_dump_fopen) *dump_fopen;
	typeof(pcap_dump) *dump;
	typeof(pcap_dump_flush) *dump_flush;
	typeof(pcap_dump_close) *dump_close;
	typeof(pcap_close) *close;
};

struct capture {
	struct libpcap pcap;
	char *path;
	char *buffer; /* the stream's */
	pcap_t *format;
	pcap_dumper_t *dumper; /* NULL once it has ended */
	int fd;                /* the same file */
	int error;             /* why it ended */
	uint64_t packets;      /* on disk */
	off_t size;            /* B on disk: whole packets */
	uint64_t pending_packets;
	size_t pending_size; /* B in the buffer */
	uint64_t last_id;
	unsigned links; /* that write to it */
	uint8_t last_address;
	struct {
		pcap_usb_header_mmapped header;
		uint8_t data[DATA_SIZE_MAX];
	} packet;
};

_Static_assert(sizeof(pcap_usb_header_mmapped) == 64, "no padding");

/* ---- libpcap ---------------------------------------------------------- */

/* It stays loaded: what comes with it was not made to be unloaded. */
static int load(struct libpcap *pcap)
{
	void *library = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		library = dlopen("libpcap.so.1", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return set_error(CLYDE_ERROR_UNSUPPORTED,
			"a capture needs libpcap; install it: %s", dlerror());
	pcap->open_dead =
		dlsym(library, "pcap_open_dead_with_tstamp_precision");
	pcap->dump_fopen = dlsym(library, "pcap_dump_fopen");
	pcap->dump = dlsym(library, "pcap_dump");
	pcap->dump_flush = dlsym(library, "pcap_dump_flush");
	pcap->dump_close = dlsym(library, "pcap_dump_close");
	pcap->close = dlsym(library, "pcap_close");
	if (pcap->open_dead && pcap->dump_fopen && pcap->dump &&
		pcap->dump_flush && pcap->dump_close && pcap->close)
		return 0;
	return set_error(CLYDE_ERROR_UNSUPPORTED,
		"a capture needs a libpcap of 1.5 or later");
}

/* ---- The file --------------------------------------------------------- */

/* No more is written.  What an unsuccessful write has left is taken away, so
   that the file ends with a whole packet; a pipe keeps it. */
static void end(struct capture *capture)
{
	if (capture->dumper)
		capture->pcap.dump_close(capture->dumper);
	capture->dumper = NULL;
	if (capture->fd >= 0 && capture->error &&
		ftruncate(capture->fd, capture->size) < 0)
		capture->size = 0;
	if (capture->fd >= 0)
		close(capture->fd);
	capture->fd = -1;
}

/* Write what is pending; if that fails, the capture ends here. */
static int settle(struct capture *capture)
{
	if (capture->pcap.dump_flush(capture->dumper) < 0) {
		capture->error = errno ? errno : EIO;
		end(capture);
		return -capture->error;
	}
	capture->packets += capture->pending_packets;
	capture->size += capture->pending_size;
	capture->pending_packets = 0;
	capture->pending_size = 0;
	return 0;
}

static int open_file(struct capture *capture)
{
	FILE *file = fopen(capture->path, "we");

	if (file == NULL)
		return -errno;
	setvbuf(file, capture->buffer, _IOFBF, BUFFER_SIZE);
	capture->fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	/* It closes the file when it fails. */
	capture->dumper = capture->pcap.dump_fopen(capture->format, file);
	if (capture->dumper == NULL)
		return -EIO;
	capture->pending_size = sizeof(struct pcap_file_header);
	return settle(capture);
}

static void destroy(struct capture *capture)
{
	end(capture);
	if (capture->format)
		capture->pcap.close(capture->format);
	free(capture->buffer);
	free(capture->path);
	free(capture);
}

int capture_open(const char *path, struct capture **ret_capture)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int result;

	if (capture == NULL)
		return set_error(CLYDE_ERROR_NO_MEMORY, "out of memory");
	capture->fd = -1;
	result = load(&capture->pcap);
	if (result == 0) {
		capture->path = strdup(path);
		capture->buffer = malloc(BUFFER_SIZE);
		capture->format = capture->pcap.open_dead(DLT_USB_LINUX_MMAPPED,
			PACKET_SIZE_MAX, PCAP_TSTAMP_PRECISION_NANO);
		result = capture->path && capture->buffer && capture->format
			? open_file(capture)
			: -ENOMEM;
		if (result < 0)
			result = set_error(error_from_errno(-result),
				"cannot write %s: %s", path, strerror(-result));
	}
	if (result < 0)
		destroy(capture);
	else
		*ret_capture = capture;
	return result;
}

int capture_close(struct capture *capture)
{
	int result = 0;

	if (capture == NULL)
		return 0;
	if (capture->dumper)
		settle(capture);
	if (capture->error)
		result = set_error(error_from_errno(capture->error),
			"the capture %s ended early: %s; %llu packets are in "
			"it",
			capture->path, strerror(capture->error),
			(unsigned long long)capture->packets);
	destroy(capture);
	return result;
}

/* ---- Who writes ------------------------------------------------------- */

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

/* A transfer's end as the kernel would put it. */
static int status_of(const struct capture_event *event)
{
	if (event->type == CAPTURE_SUBMIT)
		return STATUS_IN_PROGRESS;
	switch (event->status) {
	case CLYDE_ERROR_CANCELED:
	case CLYDE_ERROR_TIMEOUT:
	case CLYDE_ERROR_ENDPOINT_OFF:
		return STATUS_UNLINKED;
	case CLYDE_ERROR_NO_DEVICE:
		return STATUS_SHUTDOWN;
	case CLYDE_ERROR_STALL:
		return STATUS_STALL;
	case CLYDE_ERROR_BABBLE:
		return STATUS_OVERFLOW;
	case CLYDE_ERROR_RESET:
		return STATUS_RESET;
	default:
		return event->status < 0 ? STATUS_IO : event->status;
	}
}

static void fill_header(pcap_usb_header_mmapped *header, uint64_t now_ns,
	const struct capture_event *event)
{
	static const char types[] = {
		[CAPTURE_SUBMIT] = URB_SUBMIT,
		[CAPTURE_COMPLETE] = URB_COMPLETE,
		[CAPTURE_ERROR] = URB_ERROR,
	};
	bool in = event->endpoint & USB_DIR_IN;

	*header = (pcap_usb_header_mmapped){
		.id = event->id,
		.event_type = types[event->type],
		.transfer_type = event->setup ? URB_CONTROL : URB_BULK,
		.endpoint_number = event->endpoint,
		.device_address = event->address,
		.bus_id = BUS,
		.setup_flag = '-',
		.data_flag = event->data ? 0
			: in             ? '<'
					 : '>',
		.ts_sec = now_ns / 1000000000,
		.ts_usec = now_ns % 1000000000 / 1000,
		.status = status_of(event),
		.urb_len = event->size,
		.xfer_flags = in ? FLAG_DIR_IN : 0,
	};
	if (event->setup && event->type == CAPTURE_SUBMIT) {
		header->setup_flag = 0;
		memcpy(&header->s.setup, event->setup, sizeof(header->s.setup));
	}
	if (event->data)
		header->data_len = event->size < DATA_SIZE_MAX ? event->size
							       : DATA_SIZE_MAX;
}

void capture_flush(struct capture *capture, struct link *link)
{
	if (capture->dumper && capture->pending_size > 0 && settle(capture) < 0)
		LOG(link, WARNING, "the capture %s ends here: %s",
			capture->path, strerror(capture->error));
}

void capture_write(struct capture *capture, struct link *link,
	const struct capture_event *event)
{
	pcap_usb_header_mmapped *header = &capture->packet.header;
	uint64_t now_ns = link->ops->now(link);
	struct pcap_pkthdr record = {
		.ts.tv_sec = now_ns / 1000000000,
		.ts.tv_usec = now_ns % 1000000000, /* ns: so it was opened */
	};
	size_t size;

	if (capture->dumper == NULL)
		return;
	fill_header(header, now_ns, event);
	if (header->data_len > 0)
		memcpy(capture->packet.data, event->data, header->data_len);
	record.caplen = sizeof(*header) + header->data_len;
	record.len = record.caplen;
	size = RECORD_HEADER_SIZE + record.caplen;
	if (capture->pending_size + size > BUFFER_SIZE)
		capture_flush(capture, link);
	if (capture->dumper == NULL)
		return;
	capture->pcap.dump(
		(u_char *)capture->dumper, &record, (u_char *)&capture->packet);
	capture->pending_size += size;
	capture->pending_packets++;
}
