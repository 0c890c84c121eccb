/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "probe/oci-probe/net.h"

/*
 * Checks as the command line says them, and whether they pass. Words are borrowed from it.
 */
#define CHECKS_MAX 256

struct check {
	enum kind { CHECK_HTTP, CHECK_TCP, CHECK_ZMQ, CHECK_GRPC, CHECK_EXEC } kind;
	const char *kind_name;
	const char *address_text;
	struct address address;
	const char *argument; /* path, request or service */
	char **command;	      /* borrowed, as all strings */
	int words;	      /* of it */
};

/* Reads one check from @words, which end with NULL: how many words it takes; 0 when it is wrong,
 * with the reason. */
int check_parse(char **words, struct check *check, char reason[TALK_REASON]);

/* All at once, each with @milliseconds. The first that is not well is told in @reason. */
bool checks_pass(const struct check *checks, int count, int milliseconds, char reason[TALK_REASON]);
