/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * The parts of fleet/load.h about Debian packages. What is read here goes into command lines and
 * configuration files of apt: names, versions, suites and URLs are refused unless they can be
 * nothing else.
 */
#define SMITH_DEBIAN_MIRROR "http://deb.debian.org/debian"
#define SMITH_DEBIAN_SNAPSHOTS "http://snapshot.debian.org/archive/debian"

/* `apt:`, a list of packages or a map; NULL for NULL. */
SmithApt *smith_load_apt(const SmithNode *node, const char *family, SmithDiag *diag);
void smith_load_apt_free(SmithApt *apt);

/* `from:`, a string (*@from, transfer full) or {debian: ...}, for which *@from is
 * "debian/FAMILY" and the value is what it says. */
SmithBootstrap *smith_load_from(const SmithNode *node, const char *family, char **from,
				SmithDiag *diag);
void smith_load_bootstrap_free(SmithBootstrap *bootstrap);
