/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/child.h"

#define ADDRESS 46

static _Noreturn void fail(const char *what)
{
	(void)dprintf(STDOUT_FILENO, "%s: %s", what, strerror(errno));
	_exit(1);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail(path);
	close(fd);
}

/* The caller is itself inside, so that the maps of those that join are as ever. */
static void enter(void)
{
	char users[40];
	char groups[40];

	(void)snprintf(users, sizeof users, "%u %u 1", geteuid(), geteuid());
	(void)snprintf(groups, sizeof groups, "%u %u 1", getegid(), getegid());
	if (unshare(CLONE_NEWUSER) != 0)
		fail("cannot make a user namespace");
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", users);
	put("/proc/self/gid_map", groups);
	if (unshare(CLONE_NEWNET) != 0)
		fail("cannot make a network namespace");
}

/* As "ifconfig lo:INDEX ADDRESS netmask 255.255.255.255" */
static void add_address(int fd, unsigned index, const char *text)
{
	struct ifreq request = {0};
	struct sockaddr_in address = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		return;
	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "lo:%u", index);
	memcpy(&request.ifr_addr, &address, sizeof address);
	if (ioctl(fd, SIOCSIFADDR, &request) != 0)
		fail("cannot add an address");
	address.sin_addr.s_addr = INADDR_NONE;
	memcpy(&request.ifr_netmask, &address, sizeof address);
	if (ioctl(fd, SIOCSIFNETMASK, &request) != 0)
		fail("cannot set a network mask");
}

static void add_addresses(const char *list)
{
	char one[ADDRESS];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned i = 1; fd >= 0 && *list != '\0'; i++) {
		size_t length = strcspn(list, ",");

		if (length < sizeof one) {
			memcpy(one, list, length);
			one[length] = '\0';
			add_address(fd, i, one);
		}
		list += length + (list[length] == ',');
	}
	if (fd >= 0)
		close(fd);
}

void smith_loopback_child(const char *addresses)
{
	char byte = '\0';
	ssize_t n;

	(void)close_range(STDERR_FILENO, ~0U, 0);
	enter();
	smith_child_raise_loopback();
	add_addresses(addresses);
	if (write(STDOUT_FILENO, &byte, 1) != 1)
		_exit(1);
	close(STDOUT_FILENO);
	/* until nobody is left who wants it */
	do
		n = read(STDIN_FILENO, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	_exit(0);
}
