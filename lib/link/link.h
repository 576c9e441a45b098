/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/*
 * The seam: what the library asks of whatever carries bytes to a device.
 * Nothing above it asks the clock or the operating system for anything that
 * a link can answer.
 *
 * One thread at a time is inside a link; wake() alone may come from another.
 */
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "clyde.h"
#include "wire/usb.h"

#define LINK_FOREVER UINT64_MAX

struct log;
struct watch;

/*
 * A bulk transfer.  It belongs to the link from submit() until complete() is
 * called, and to the engine otherwise.  complete() is called once for each
 * submit(), inside wait() or control(), and may submit the transfer again.  The
 * bytes that a cancelled transfer had moved stay in it.
 */
struct transfer {
	uint8_t endpoint;
	void *data;
	uint32_t size;
	uint32_t actual;
	int status; /* 0, or CLYDE_ERROR_STALL, _IO, _BABBLE, _CANCELED or
		       _NO_DEVICE */
	void (*complete)(struct transfer *transfer);
	void *user;
};

struct link;

/* The calls come after all data members: test-link-capture counts on that. */
struct link_ops {
	const char *name;
	bool real_time;   /* the clock is the machine's */
	bool owns_device; /* which exists in this link alone, and ends with it */

	void (*close)(struct link *link);

	/* A control transfer, start to end: bytes moved, or an error.  It
	   has a deadline, and is not interrupted: teardown needs it. */
	int (*control)(struct link *link, const struct usb_setup *setup,
		void *data, uint64_t deadline_ns);

	/* Claim an interface by a setting other than 0, release it by 0. */
	int (*set_alternate)(struct link *link, uint8_t interface,
		uint8_t alternate, uint64_t deadline_ns);

	struct transfer *(*transfer_new)(struct link *link);
	void (*transfer_free)(struct link *link, struct transfer *transfer);
	/* CLYDE_ERROR_ENDPOINT_OFF on an endpoint that is off,
	   CLYDE_ERROR_NO_MEMORY if the system has no memory for one more,
	   CLYDE_ERROR_NO_DEVICE. */
	int (*submit)(struct link *link, struct transfer *transfer);
	void (*cancel)(struct link *link, struct transfer *transfer);

	/*
	 * Handle completions, waiting for one until the deadline: how many
	 * were handled; 0 at the deadline, when woken, or earlier, so that the
	 * caller can yield to other calls; CLYDE_ERROR_DEADLOCK when nothing is
	 * under way that could end the wait; CLYDE_ERROR_NO_DEVICE when the
	 * device is gone and all transfers have come back.
	 */
	int (*wait)(struct link *link, uint64_t deadline_ns);

	/* Make a wait() of another thread look at the flags now.  NULL where
	   it does so often enough. */
	void (*wake)(struct link *link);

	uint64_t (*now)(struct link *link);

	/* A descriptor that is readable while wait() has something to handle;
	   the link's; or an error. */
	int (*descriptor)(struct link *link);

	/*
	 * Claim all interfaces that the device shows, whatever their
	 * settings, so that no other program can use it from now on;
	 * CLYDE_ERROR_BUSY if one does.  close() releases them.
	 */
	int (*claim_all)(struct link *link);

	/*
	 * The device is about to leave the bus, or has left: wait until it
	 * has come back, and go on with it in this link as if just opened.
	 * CLYDE_ERROR_TIMEOUT at the deadline, CLYDE_ERROR_INTERRUPTED when
	 * woken.  NULL if the link cannot do that: firmware cannot be loaded
	 * into its device.
	 */
	int (*await_return)(struct link *link, uint64_t deadline_ns);

	/* Add what descriptors do not say: speed_kbit_per_s, node, and a URI
	   that has changed since.  NULL if it knows nothing. */
	void (*describe)(struct link *link, struct clyde_device_info *info);

	/* CLYDE_ERROR_BUSY if somebody else has claimed any of the device's
	   interfaces, else 0.  Only looks; the link has claimed none. */
	int (*busy)(struct link *link);
};

struct link {
	const struct link_ops *ops;
	/* Raised to end a wait early: the context's, and this link's own. */
	const atomic_bool *interrupt;
	atomic_bool wake;
	/* A drain has failed: what is in flight must not come back any more,
	   since its memory is not the library's.  Only close() is left. */
	bool lost;
	/* It lives on in its context, under this name, while it is not in
	   use. */
	bool kept;
	char kept_uri[CLYDE_URI_SIZE];
	LIST_ENTRY(link) in_context;
	/* The link that this one is wrapped around; NULL for an end. */
	struct link *inner;
	/* What event loops poll, see lib/base/poll.h; or NULL. */
	struct watch *watch;
	/* Where LOG() writes; set by the caller that opened the link. */
	const struct log *log;
};

/*
 * Control transfers and alternate settings from above: the same with a
 * timeout, and told to the log.
 */
int link_control(struct link *link, const struct usb_setup *setup, void *data,
	int timeout_ms);
int link_select(struct link *link, uint8_t interface, uint8_t alternate,
	int timeout_ms);

/*
 * One device behind a URI, as an enumeration found it.  Providers have more
 * behind it.
 */
struct link_place {
	const struct link_provider *provider;
	STAILQ_ENTRY(link_place) next;
	char name[CLYDE_URI_SIZE - 8]; /* what stands behind "scheme:" */
};

STAILQ_HEAD(link_places, link_place);

/* Watches for devices that come and go; a provider's own. */
struct link_monitor;

struct link_monitor_ops {
	int (*open)(struct link_monitor **ret_monitor);
	void (*close)(struct link_monitor *monitor);
	/* The clock that waits are measured by, in ns. */
	uint64_t (*now)(struct link_monitor *monitor);
	/*
	 * Wait for so many ns at most: 1 if a device may have come or gone
	 * since the last call, so that an enumeration is worth it; 0 if not,
	 * when woken, or spuriously; or an error.  Called without the tree's
	 * lock, also by several threads at once.
	 */
	int (*wait)(struct link_monitor *monitor, uint64_t patience_ns);
	/* End a wait() early, from any thread. */
	void (*wake)(struct link_monitor *monitor);
	/* A descriptor that is readable while wait() has something to do; the
	   monitor's; or an error. */
	int (*descriptor)(struct link_monitor *monitor);
};

/* Where links come from: one provider for each scheme of a URI. */
struct link_provider {
	const char *scheme;
	/*
	 * The devices that the specification after "scheme:" means, none of
	 * them opened: how many, and a list of them, to be freed with
	 * link_places_free().  CLYDE_ERROR_NO_DEVICE if it names one that is
	 * not there.  The list is empty on failure.
	 */
	int (*enumerate)(
		const char *specification, struct link_places *ret_places);
	int (*open)(struct link_place *place, const atomic_bool *interrupt,
		struct link **ret_link);
	/* Add what is seen of a device without opening it. */
	void (*look)(struct link_place *place, struct clyde_device_info *info);
	void (*free)(struct link_place *place);
	/* NULL: no device ever comes or goes. */
	const struct link_monitor_ops *monitor;
};

extern const struct link_provider link_usb;
extern const struct link_provider link_virtual;

/* The provider for a URI, and what stands behind its scheme; or NULL. */
const struct link_provider *link_find(const char *uri, const char **ret_rest);

static inline void link_places_free(struct link_places *places)
{
	struct link_place *place;

	while ((place = STAILQ_FIRST(places))) {
		STAILQ_REMOVE_HEAD(places, next);
		place->provider->free(place);
	}
}

/* End a wait() early, from any thread. */
static inline void link_wake(struct link *link)
{
	while (link->inner)
		link = link->inner;
	atomic_store(&link->wake, true);
	if (link->ops->wake)
		link->ops->wake(link);
}

/* A wait() is over.  Whatever was written before a link_wake() that is taken
   back here is read after it: the caller looks why it was woken. */
static inline void link_woken(struct link *link)
{
	atomic_exchange(&link->wake, false);
}

/*
 * Who waits for what was cancelled frees it next: an error that passes must
 * not end that.  After so many nothing will come back.
 */
#define LINK_ERRORS_MAX 16

static inline bool link_stopped(const struct link *link)
{
	return atomic_load_explicit(&link->wake, memory_order_relaxed) ||
		atomic_load_explicit(link->interrupt, memory_order_relaxed);
}

#endif
