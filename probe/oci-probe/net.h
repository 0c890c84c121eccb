/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "probe/oci-probe/talk.h"

/*
 * Sockets, for as long as a deadline allows: milliseconds of net_now(). A failure is told as the
 * talk's reason.
 */
#define NAME_SIZE 256
struct address {
	char name[NAME_SIZE]; /* "": it is known */
	in_port_t port;	      /* as in a socket's address */
	struct sockaddr_storage socket;
	socklen_t length;
};

/* "127.0.0.1:8080", "[::1]:8080", or a name for the host, which is kept (`name`) and looked up in
 * /etc/hosts when it is needed. */
bool net_parse(const char *text, struct address *address);

int64_t net_now(void);
/* A connected socket that does not block, or -1 and the talk is ill. */
int net_connect(struct talk *talk, const struct address *where, int64_t deadline);
/* Sends and takes until the talk is well or ill. */
void net_talk(struct talk *talk, int fd, int64_t deadline);
/* Reads what there still is, for a moment: a server that cannot send all of its answer complains.
 */
void net_drain(int fd, int64_t deadline);
