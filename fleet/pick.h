/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/lock.h"
#include "fleet/wheel-finder.h"
#include "python/marker.h"
#include "python/requirements-file.h"
#include "python/wheel.h"

/*
 * The parts of a resolution: targets, sets and the wheels picked for them.
 *
 * A target is a base as wheels see it. A set is a family or service with its requirements; it has
 * all that its parent (the family it is derived from) has. A pick is one wheel file, shared by all
 * sets that use it.
 */
typedef struct {
	const SmithLockBase *base;
	SmithTagSet *tags;
	SmithMarkerEnv env;
	char *machine; /* "x86_64" */
} SmithTarget;

SmithTarget *smith_target_new(const SmithLockBase *base, const char *platform, GError **error);
void smith_target_free(SmithTarget *target);

typedef struct {
	const SmithFleet *fleet;
	SmithStore *store;
	const SmithWheelCandidate *candidate;
	SmithLockWheel *lock; /* owned until it is put into the lock */
	SmithWheel *wheel;    /* NULL when error is set */
	SmithVersion *version;
	GPtrArray *requires; /* (element-type SmithRequirement*) */
	GHashTable *by;	     /* names of those who want it */
	GHashTable *files;   /* what it installs by Python version, for fleet/collide.c; or NULL */
	const SmithLockSdist *sdist; /* that it was built of (borrowed), or NULL */
	GError *error;		     /* why it cannot be used */
} SmithPick;

/* Fetches, hashes, opens and verifies the wheel; problems go to pick->error. In any thread. */
void smith_pick_read(SmithPick *pick);
void smith_pick_free(SmithPick *pick);

/* A set of build requirements. */
#define SMITH_SET_SDIST "source distribution"

typedef struct SmithSet SmithSet;
struct SmithSet {
	const char *kind; /* "family", "service", SMITH_SET_SDIST */
	const char *name;
	SmithPlace place;
	const SmithPip *pip;
	const SmithSet *parent; /* NULL: derived from the base itself */
	const char *from;
	const SmithTarget *target;
	SmithRequirements *requirements;
	GPtrArray *picks; /* (element-type SmithPick*, borrowed) its own */
	bool sound;	  /* nothing was wrong with it or its parents */
	bool pinned;	  /* so is all that it asks for */
	bool sources;	  /* something of it is to be had as a source distribution only */
	bool asked;	  /* pip chose for it or for one of its parents */
	bool proven;	  /* the closure has been checked */
};

/* The pick of @key in @set or its parents, where it is not overridden; *@owner (may be NULL) gets
 * the set that has it. */
SmithPick *smith_set_find(const SmithSet *set, const char *key, const SmithSet **owner);
/* All picks of the set and its parents that are not overridden (element-type SmithPick*, borrowed).
 */
GPtrArray *smith_set_all(const SmithSet *set);
/* Whether the lock files of others that it has as requirements are for its target; else it is not
 * sound, and @diag says why. */
void smith_set_check_pylocks(SmithSet *set, SmithDiag *diag);
