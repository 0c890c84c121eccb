/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/event.h"
#include "fleet/family-root.h"
#include "fleet/lock.h"
#include "layers/layer.h"
#include "store/inputs.h"
#include "store/store.h"

/*
 * Steps: each makes one layer, and knows its key before it does anything.
 *
 * smith_step_new_*() only looks at what a key needs (the lock; for application files the files
 * themselves). smith_step_look_up() takes the result of an earlier run from the store when its blob
 * is still there; smith_step_run() makes the layer, in any thread.
 *
 * Layers of wheels, of the venv skeleton and of users are functions of the lock and of the prefix
 * alone, so that all services of a fleet share them.
 */
typedef struct {
	const SmithFleet *fleet;
	const SmithLock *lock;
	SmithStore *store;
	SmithCompression compression;
	gint64 epoch;
	guint workers;
	SmithInputs *inputs; /* what is known of application files */
	SmithEvents *events;
	SmithSandboxMode users; /* that steps execute with */
} SmithStepContext;

typedef struct SmithStep SmithStep;
struct SmithStep {
	char *name; /* "wheel fastapi 0.92.0": for people, and in the image's history */
	char *key;
	char *series;	   /* the key of the last layer of this kind, which has much in common with
			    * the next one; NULL: none */
	guint64 weight;	   /* bytes to read, for the order of work */
	SmithLayer *layer; /* the result */
	bool cached;
	const SmithStepContext *context;
	/* Steps of a lower phase must be done before it runs. Steps that execute nothing are in the
	 * first, 0. */
	guint phase;
	/* The layer, of steps that execute; the others have open(). */
	SmithLayer *(*make)(SmithStep *step, GError **error);
	/* The entries of the layer, sorted, parents included; NULL on error. */
	SmithEntryIter *(*open)(SmithStep *step, GError **error);
	/* what open() needs; not all steps need all of it */
	const SmithLockBase *base;
	const SmithLockWheel *wheel;
	const char *family;
	GPtrArray *entries; /* (element-type SmithEntry*) */
	/* of steps that execute (build/step-execute.h) */
	GPtrArray *below;     /* (element-type SmithStep*, borrowed) on the base */
	const char *bytecode; /* of what it installs; NULL: none */
	bool apart;	      /* no root has it: what executes does not depend on it */
	GHashTable *pycs;     /* path of a source -> SmithContent*: compiled already */
	GPtrArray *wheels;    /* (element-type SmithLockWheel*, borrowed) */
	const SmithRunStep *run;
};

/* The .debs of a family that has some; its parents' are steps of a lower phase. */
SmithStep *smith_step_new_apt(const SmithStepContext *context, const char *family);
/* /etc/passwd and /etc/group of the base with appuser 10001:10001 in them. */
SmithStep *smith_step_new_users(const SmithStepContext *context, const SmithLockBase *base);
/* oci-probe, as the lock means it; nothing executes on it (`apart`). */
SmithStep *smith_step_new_probe(const SmithStepContext *context);
SmithStep *smith_step_new_venv(const SmithStepContext *context, const SmithLockBase *base);
SmithStep *smith_step_new_wheel(const SmithStepContext *context, const SmithLockBase *base,
				const SmithLockWheel *wheel);
/* Reads and hashes the service's files; NULL on error, also when an ignore file hides one of the
 * listed paths. */
SmithStep *smith_step_new_app(const SmithStepContext *context, const SmithService *service,
			      GError **error);
/* /etc/machine-profile.json of @host. */
SmithStep *smith_step_new_machine(const SmithStepContext *context, const SmithHost *host);

void smith_step_free(SmithStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithStep, smith_step_free)

/* What executes on the roots of families. */
SmithFamilyContext smith_step_family_context(const SmithStepContext *context);

gboolean smith_step_look_up(SmithStep *step);
gboolean smith_step_run(SmithStep *step, GError **error);
