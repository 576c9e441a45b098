/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* Tests how clyde doctor reads Linux: which processes have a device open, which
   permissions, udev rules and drivers a device has.  A plain file stands for
   the device node, and a folder for /sys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands/doctor-linux.h"

#define NOBODY 65534

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/clyde-doctor-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	return chmod(folder, 0755);
}

static int remove_one(const char *path, const struct stat *status, int type,
	struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *file = fopen(in(path, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make(const char *name)
{
	char path[128];

	assert_int_equal(mkdir(in(path, name), 0755), 0);
}

static void link_to(const char *name, const char *target)
{
	char path[128];

	assert_int_equal(symlink(target, in(path, name)), 0);
}

/* ---- Processes that have the device open ------------------------------ */

/* Starts a process that has a file open until it is killed. */
static pid_t hold(const char *path)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (open(path, O_RDWR) >= 0 && write(ends[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const char *own_name(char name[32])
{
	FILE *file = fopen("/proc/self/comm", "r");

	assert_non_null(file);
	assert_non_null(fgets(name, 32, file));
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return name;
}

static void every_process_that_has_the_file_open_is_found(void **state)
{
	struct holders holders;
	char path[128], name[32];
	pid_t first, second;

	(void)state;
	put("node", "");
	first = hold(in(path, "node"));
	second = hold(path);
	find_holders(path, &holders);
	end(first);
	end(second);
	assert_int_equal(holders.count, 2);
	assert_int_equal(
		holders.list[0].pid + holders.list[1].pid, first + second);
	assert_int_not_equal(holders.list[0].pid, holders.list[1].pid);
	/* Under an emulator, the process has the emulator's name. */
	assert_string_equal(holders.list[0].name, own_name(name));
}

static void no_other_process_is_taken_for_a_holder(void **state)
{
	struct holders holders;
	char path[128];
	pid_t other;

	(void)state;
	put("node", "");
	put("node2", "");
	other = hold(in(path, "node2"));
	/* Descriptors of the calling process do not count. */
	assert_true(open(in(path, "node"), O_RDWR) >= 0);
	find_holders(path, &holders);
	end(other);
	assert_int_equal(holders.count, 0);
}

static void more_holders_than_are_listed_are_counted(void **state)
{
	struct holders holders;
	pid_t pids[HOLDERS_MAX + 2];
	char path[128];

	(void)state;
	put("node", "");
	for (int i = 0; i < HOLDERS_MAX + 2; i++)
		pids[i] = hold(in(path, "node"));
	find_holders(path, &holders);
	for (int i = 0; i < HOLDERS_MAX + 2; i++)
		end(pids[i]);
	assert_int_equal(holders.count, HOLDERS_MAX + 2);
}

/* Runs a function as the user "nobody" and returns its exit status. */
static int as_nobody(int (*run)(const char *path), const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setuid(NOBODY) == 0 ? run(path) : 99);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int sees_that_some_are_hidden(const char *path)
{
	struct holders holders;

	find_holders(path, &holders);
	return holders.hidden && holders.count == 0 ? 0 : 1;
}

static int is_refused(const char *path)
{
	return try_node(path) == -EACCES ? 0 : 1;
}

static void another_users_process_may_be_hidden(void **state)
{
	char path[128];
	pid_t holder;

	(void)state;
	if (getuid() != 0)
		skip();
	put("node", "");
	holder = hold(in(path, "node"));
	assert_int_equal(as_nobody(sees_that_some_are_hidden, path), 0);
	end(holder);
}

/* ---- Permission ------------------------------------------------------- */

static void permission_is_tested_by_opening_the_node(void **state)
{
	char path[128];

	(void)state;
	put("node", "");
	assert_int_equal(try_node(in(path, "node")), 0);
	assert_int_equal(try_node(in(path, "absent")), -ENOENT);
	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(in(path, "node"), 0644), 0);
	assert_int_equal(as_nobody(is_refused, path), 0);
}

#define RULE "ATTR{idVendor}==\"20b7\", ATTR{idProduct}==\"9db1\", "

static void a_udev_rule_is_found_by_the_ids_that_it_names(void **state)
{
	char first[128], second[128];
	const char *folders[] = {
		"/nonexistent", in(first, "etc"), in(second, "lib"), NULL};
	struct rule rule;

	(void)state;
	make("etc");
	make("lib");
	assert_false(find_rule(folders, &rule));
	put("etc/70-comment.rules", "# " RULE "TAG+=\"uaccess\"\n");
	put("etc/70-other.rules", "ATTR{idVendor}==\"20b7\"\n9db1\n");
	put("etc/70-clyde.rules.off", RULE "TAG+=\"uaccess\"\n");
	assert_false(find_rule(folders, &rule));
	put("lib/70-clyde.rules", "x\n" RULE "TAG+=\"uaccess\"\ny\n");
	assert_true(find_rule(folders, &rule));
	assert_true(rule.uaccess);
	assert_non_null(strstr(rule.path, "/lib/70-clyde.rules"));
	assert_false(rule.skips_bind);
	put("lib/70-clyde.rules",
		"ACTION!=\"add|change\", GOTO=\"end\"\n" RULE
		"TAG+=\"uaccess\"\nLABEL=\"end\"\n");
	assert_true(find_rule(folders, &rule));
	assert_true(rule.skips_bind);
	put("lib/70-clyde.rules",
		"ACTION==\"remove\", GOTO=\"end\"\n" RULE
		"TAG+=\"uaccess\"\nLABEL=\"end\"\n");
	assert_true(find_rule(folders, &rule));
	assert_false(rule.skips_bind);
	put("etc/50-mine.rules", RULE "GROUP=\"plugdev\"\n");
	assert_true(find_rule(folders, &rule));
	assert_false(rule.uaccess);
	assert_non_null(strstr(rule.path, "/etc/50-mine.rules"));
}

/* ---- Drivers ---------------------------------------------------------- */

static void make_device(const char *name, const char *bus, const char *address)
{
	char path[64];

	make(name);
	snprintf(path, sizeof(path), "%s/busnum", name);
	put(path, bus);
	snprintf(path, sizeof(path), "%s/devnum", name);
	put(path, address);
}

static void drivers_are_those_of_the_devices_own_interfaces(void **state)
{
	struct driver drivers[DRIVERS_MAX];
	const char *node = NODES_FOLDER "/001/012";

	(void)state;
	make_device("1-2", "1\n", "12\n");
	make_device("1-2.1", "1\n", "13\n");
	make_device("2-2", "2\n", "12\n");
	for (int i = 0; i < 3; i++)
		make((const char *[]){"1-2:1.0", "1-2:1.1", "1-2:1.3"}[i]);
	make("1-2.1:1.0");
	link_to("1-2.1:1.0/driver", "../../../bus/usb/drivers/usbhid");
	assert_int_equal(find_drivers(folder, node, drivers), 0);
	link_to("1-2:1.3/driver", "../../../bus/usb/drivers/usbtest");
	link_to("1-2:1.0/driver", "../../../bus/usb/drivers/usbfs");
	assert_int_equal(find_drivers(folder, node, drivers), 2);
	assert_int_equal(drivers[0].interface, 0);
	assert_string_equal(drivers[0].name, "usbfs");
	assert_int_equal(drivers[1].interface, 3);
	assert_string_equal(drivers[1].name, "usbtest");
	assert_string_equal(drivers[1].folder, "1-2:1.3");
}

static void a_device_that_does_not_exist_has_no_drivers(void **state)
{
	struct driver drivers[DRIVERS_MAX];
	char path[128];

	(void)state;
	make_device("1-2", "1\n", "12\n");
	assert_int_equal(find_drivers(folder, NODES_FOLDER "/001/011", drivers),
		-ENOENT);
	assert_int_equal(find_drivers(folder, "", drivers), -ENOENT);
	assert_int_equal(
		find_drivers(in(path, "absent"), "", drivers), -ENOENT);
}

static void the_memory_limit_is_a_number_or_an_error(void **state)
{
	char path[128];

	(void)state;
	put("limit", "16\n");
	assert_int_equal(read_memory_limit(in(path, "limit")), 16);
	put("limit", "0\n");
	assert_int_equal(read_memory_limit(path), 0);
	for (int i = 0; i < 3; i++) {
		put("limit", (const char *[]){"", "many\n", "-1\n"}[i]);
		assert_int_equal(read_memory_limit(path), -EINVAL);
	}
	assert_int_equal(read_memory_limit(in(path, "absent")), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_process_that_has_the_file_open_is_found),
		TEST(no_other_process_is_taken_for_a_holder),
		TEST(more_holders_than_are_listed_are_counted),
		TEST(another_users_process_may_be_hidden),
		TEST(permission_is_tested_by_opening_the_node),
		TEST(a_udev_rule_is_found_by_the_ids_that_it_names),
		TEST(drivers_are_those_of_the_devices_own_interfaces),
		TEST(a_device_that_does_not_exist_has_no_drivers),
		TEST(the_memory_limit_is_a_number_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
