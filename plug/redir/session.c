/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * A usbredir connection, from its hello to its end: the socket, the device's
 * coming and going, and the parser's callbacks that are not transfers.
 * plug/redir/server.c calls it.  It must not block.
 */
#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes of unread answers, above which the guest's packets are not read. */
#define UNREAD_MAX (64 << 20)
/* Bytes to read at a time, so that the bus runs however fast a guest sends. */
#define READ_MAX (4 << 20)

void session_fail(struct session *session, const char *format, ...)
{
	va_list arguments;

	if (session->why[0])
		return;
	va_start(arguments, format);
	vsnprintf(session->why, sizeof(session->why), format, arguments);
	va_end(arguments);
}

/* ---- The socket ------------------------------------------------------- */

static void on_log(void *user, int level, const char *message)
{
	struct session *session = user;

	/* A warning does not end the connection. */
	if (level == usbredirparser_error)
		session_fail(session, "%s", message);
}

static int read_socket(void *user, uint8_t *data, int size)
{
	struct session *session = user;
	ssize_t count;

	if (session->readable <= 0)
		return 0;
	count = recv(session->fd, data, size, MSG_DONTWAIT);
	session->readable -= count;
	if (count > 0)
		return count;
	if (count < 0 &&
		(errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return -1; /* the client has disconnected, or the socket has failed */
}

static int write_socket(void *user, uint8_t *data, int size)
{
	struct session *session = user;
	ssize_t count =
		send(session->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (count >= 0)
		return count;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return 0;
	return -1;
}

bool session_receive(struct session *session)
{
	int result;

	if (session_is_full(session))
		return true;
	session->readable = READ_MAX;
	result = usbredirparser_do_read(session->parser);
	if (result == usbredirparser_read_parse_error)
		session_fail(session, "not the usbredir protocol");
	return result == 0 && session->why[0] == '\0';
}

bool session_send(struct session *session)
{
	if (usbredirparser_has_data_to_write(session->parser) == 0)
		return true;
	return usbredirparser_do_write(session->parser) == 0;
}

bool session_is_full(const struct session *session)
{
	return usbredirparser_get_bufferered_output_size(session->parser) >
		UNREAD_MAX;
}

/* ---- The device ------------------------------------------------------- */

void session_describe(struct session *session)
{
	struct usb_redir_interface_info_header interfaces;
	struct usb_redir_ep_info_header endpoints;

	describe_interfaces(&session->description, &interfaces);
	describe_selected(&session->description, &endpoints);
	usbredirparser_send_interface_info(session->parser, &interfaces);
	usbredirparser_send_ep_info(session->parser, &endpoints);
}

static void announce(struct session *session)
{
	struct usb_redir_device_connect_header device;

	if (session->bus == NULL || session->announced || !session->greeted ||
		session->leaving)
		return;
	session->announced = true;
	session_describe(session);
	describe_device(&session->description, &device);
	usbredirparser_send_device_connect(session->parser, &device);
}

int session_plug(struct session *session, struct bus *bus)
{
	int result = describe_read(bus, &session->description);

	if (result < 0)
		return result;
	session->bus = bus;
	announce(session);
	return 0;
}

void session_unplug(struct session *session)
{
	if (session->bus == NULL)
		return;
	transfer_drop_all(session);
	session->bus = NULL;
	if (!session->announced)
		return;
	session->announced = false;
	usbredirparser_send_device_disconnect(session->parser);
	session->leaving = usbredirparser_peer_has_cap(
		session->parser, usb_redir_cap_device_disconnect_ack);
}

static void on_hello(void *user, struct usb_redir_hello_header *hello)
{
	struct session *session = user;

	(void)hello;
	session->greeted = true;
	announce(session);
}

static void on_disconnect_ack(void *user)
{
	struct session *session = user;

	session->leaving = false;
	announce(session);
}

static void on_reset(void *user)
{
	transfer_reset(user);
}

static void on_filter_reject(void *user)
{
	session_fail(user, "the guest's filter rejects the device");
}

static void on_filter(void *user, struct usbredirfilter_rule *rules, int count)
{
	(void)user;
	(void)count;
	free(rules);
}

/* ---- Beginning and end ------------------------------------------------ */

static void start_parser(struct session *session)
{
	static const int capabilities[] = {
		usb_redir_cap_connect_device_version,
		usb_redir_cap_device_disconnect_ack,
		usb_redir_cap_ep_info_max_packet_size,
		usb_redir_cap_64bits_ids,
		usb_redir_cap_32bits_bulk_length,
	};
	struct usbredirparser *parser = session->parser;
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

	parser->priv = session;
	parser->log_func = on_log;
	parser->read_func = read_socket;
	parser->write_func = write_socket;
	parser->hello_func = on_hello;
	parser->reset_func = on_reset;
	parser->device_disconnect_ack_func = on_disconnect_ack;
	parser->filter_reject_func = on_filter_reject;
	parser->filter_filter_func = on_filter;
	transfer_callbacks(parser);
	refuse_callbacks(parser);
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(int); i++)
		usbredirparser_caps_set_cap(caps, capabilities[i]);
	usbredirparser_init(parser, "clyde", caps, USB_REDIR_CAPS_SIZE,
		usbredirparser_fl_usb_host);
}

struct session *session_new(int fd)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session)
		session->parser = usbredirparser_create();
	if (session == NULL || session->parser == NULL) {
		free(session);
		close(fd);
		return NULL;
	}
	session->fd = fd;
	for (unsigned i = 0; i < SESSION_ENDPOINTS; i++)
		resend_init(&session->resend[i]);
	TAILQ_INIT(&session->requests);
	start_parser(session);
	return session;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	if (session->bus)
		transfer_drop_all(session);
	usbredirparser_destroy(session->parser);
	close(session->fd);
	free(session);
}
