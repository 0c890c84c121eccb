/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/oci-probe/net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe/oci-probe/names.h"

#define DRAIN_MILLISECONDS 200
#define DRAIN_BYTES (256 * 1024)

static uint8_t received[TALK_LIMIT];

static bool parse_port(const char *text, in_port_t *port)
{
	unsigned number = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9' && number <= 65535; at++)
		number = number * 10 + (unsigned)(*at - '0');
	*port = htons((uint16_t)number);
	return at != text && *at == '\0' && number >= 1 && number <= 65535;
}

/* The host alone, of either family. */
static bool set_host(struct address *address, const char *host)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&address->socket;
	struct sockaddr_in6 *long_one = (struct sockaddr_in6 *)&address->socket;
	bool six = strchr(host, ':') != NULL;
	memset(&address->socket, 0, sizeof address->socket);
	address->socket.ss_family = six ? AF_INET6 : AF_INET;
	address->length = six ? sizeof *long_one : sizeof *four;
	*(six ? &long_one->sin6_port : &four->sin_port) = address->port;
	return inet_pton(address->socket.ss_family, host,
			 six ? (void *)&long_one->sin6_addr : (void *)&four->sin_addr) == 1;
}

/* What is nearly an address is none of these: a name ends with a letter. */
static bool is_name(const char *host)
{
	size_t length = strlen(host);
	for (const char *at = host; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at) && strchr("-._", *at) == NULL)
			return false;
	return length > 0 && isalnum((unsigned char)host[0]) &&
	       isalpha((unsigned char)host[length - 1]);
}

bool net_parse(const char *text, struct address *address)
{
	char host[NAME_SIZE];
	bool six = *text == '[';
	const char *end = strrchr(text, six ? ']' : ':');
	text += six;
	if (end == NULL || (size_t)(end - text) >= sizeof host || (six && end[1] != ':'))
		return false;
	memset(address, 0, sizeof *address);
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	if (!parse_port(end + (six ? 2 : 1), &address->port) || six != (strchr(host, ':') != NULL))
		return false;
	if (set_host(address, host))
		return true;
	memcpy(address->name, host, sizeof host);
	return !six && is_name(host);
}

int64_t net_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is ready of @events; 0 when the time is over. */
static short wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poller = {.fd = fd, .events = events};
	for (;;) {
		int64_t left = deadline - net_now();
		if (left <= 0)
			return 0;
		int ready = poll(&poller, 1, (int)left);
		if (ready > 0)
			return poller.revents;
		if (ready < 0 && errno != EINTR)
			return POLLERR;
	}
}

/* Text for what happens; no table of all errors is worth its size here. */
static void say_error(struct talk *talk, int number)
{
	if (number == ECONNREFUSED)
		talk_ill(talk, "nothing listens there");
	else if (number == EHOSTUNREACH || number == ENETUNREACH)
		talk_ill(talk, "there is no way there");
	else if (number == ECONNRESET || number == EPIPE)
		talk_ill(talk, "broke the connection");
	else
		talk_ill(talk, "the connection failed with error %d", number);
}

static void finish_connect(struct talk *talk, int fd, int64_t deadline)
{
	int number = 0, one = 1;
	socklen_t length = sizeof number;
	if (wait_for(fd, POLLOUT, deadline) == 0)
		talk_ill(talk, "no connection in time");
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) < 0 || number != 0)
		say_error(talk, number);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Each time anew, for an engine may write the file while we wait. */
static bool look_up(struct talk *talk, struct address *address)
{
	char host[INET6_ADDRSTRLEN];
	if (*address->name == '\0')
		return true;
	if (!names_look_up(address->name, host, sizeof host) || !set_host(address, host)) {
		talk_ill(talk, "'%s' is not in /etc/hosts", address->name);
		return false;
	}
	return true;
}

int net_connect(struct talk *talk, const struct address *where, int64_t deadline)
{
	struct address known = *where, *address = &known;
	if (!look_up(talk, address))
		return -1;
	int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		say_error(talk, errno);
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&address->socket, address->length) < 0 &&
	    errno != EINPROGRESS)
		say_error(talk, errno);
	else
		finish_connect(talk, fd, deadline);
	if (talk->verdict == VERDICT_ILL) {
		close(fd);
		return -1;
	}
	return fd;
}

/* When the other side takes no more, what it has said may still be read. */
static void send_some(struct talk *talk, int fd)
{
	ssize_t sent = send(fd, talk->out, talk->out_length, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	size_t done = sent < 0 ? talk->out_length : (size_t)sent;
	memmove(talk->out, talk->out + done, talk->out_length - done);
	talk->out_length -= done;
}

/* @used of the @length bytes that came are behind us. */
static void receive_some(struct talk *talk, int fd, size_t *used, size_t *length)
{
	if (*length == sizeof received) {
		talk_ill(talk, "an answer of more than %zu bytes", sizeof received);
		return;
	}
	ssize_t got = recv(fd, received + *length, sizeof received - *length, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		say_error(talk, errno);
		return;
	}
	if (got == 0) {
		talk_end(talk);
		return;
	}
	*length += (size_t)got;
	*used += talk_take(talk, received + *used, *length - *used);
}

void net_talk(struct talk *talk, int fd, int64_t deadline)
{
	size_t used = 0, length = 0;
	while (talk->verdict == VERDICT_OPEN) {
		short events = (short)(POLLIN | (talk->out_length > 0 ? POLLOUT : 0));
		short ready = wait_for(fd, events, deadline);
		if (ready == 0)
			talk_ill(talk, "no answer in time");
		if (ready & POLLOUT)
			send_some(talk, fd);
		if (ready & ~POLLOUT)
			receive_some(talk, fd, &used, &length);
	}
}

void net_drain(int fd, int64_t deadline)
{
	int64_t soon = net_now() + DRAIN_MILLISECONDS;
	size_t total = 0;
	while (total < DRAIN_BYTES &&
	       wait_for(fd, POLLIN, soon < deadline ? soon : deadline) != 0) {
		ssize_t got = recv(fd, received, sizeof received, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return;
		total += got > 0 ? (size_t)got : 0;
	}
}
