/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "execute/deb.h"
#include "fleet/model.h"
#include "python/requirements-file.h"

/*
 * build-lock.json: what every input of the fleet resolved to, by digest, together with those
 * inputs, so that a build can say what has changed since. It is canonical (two-space indented,
 * members in the order below, lists sorted by name) and meant to be reviewed like code.
 *
 * Requirements in it are the user's lines in normal form; `wheels` of a set are the files that it
 * adds to those of the family that it is derived from.
 */
#define SMITH_LOCK_FILE "build-lock.json"
#define SMITH_LOCK_VERSION 1
/* 1980-01-01: the oldest time that zip tools inside a container can handle. */
#define SMITH_LOCK_EPOCH 315532800

/* What a base image is and what was found in it. */
typedef struct {
	char *from;	  /* the reference, as a family writes it */
	char *media_type; /* of the manifest for the lock's platform */
	char *digest;
	gint64 size;
	char *python;	      /* "/usr/bin/python3.11" */
	char *python_version; /* "3.11.2" */
	char *libc;	      /* "glibc" or "musl" */
	char *libc_version;   /* "2.36" */
	char *init;	      /* "/usr/bin/tini", or NULL: there is none */
	char **passwd;	      /* lines of /etc/passwd and /etc/group */
	char **group;
	char **apt;	/* of a bootstrap: what was asked for (fleet/lock-apt.h) */
	char **indexes; /* as those of a set */
	char **debs;	/* file names */
} SmithLockBase;

/* What the .debs of a family changed of what was found below; NULL: nothing. */
typedef struct {
	char *python;
	char *python_version;
	char *libc;
	char *libc_version;
	char *init;
	char **passwd;
	char **group;
} SmithLockFound;

/* The inputs of one family or service, and what they added. */
typedef struct {
	char *name;
	char *from;	       /* the base's reference, or the family */
	char **apt;	       /* what was asked for (fleet/lock-apt.h) */
	char **indexes;	       /* "URL sha256:HEX" of the signed files that say what there is */
	char **debs;	       /* file names */
	SmithLockFound *found; /* with debs only */
	char **requirements;
	char **override; /* projects whose wheels of its parents it has not; or NULL */
	char **wheels;	 /* file names */
} SmithLockSet;

typedef struct {
	char *file; /* the wheel's file name: the key */
	char *name; /* normal form */
	char *version;
	char *url; /* absolute, or a path relative to the fleet's directory */
	gint64 size;
	char *sha256; /* 64 hex digits */
	char **by;    /* families and services that ask for it, wheels that require it */
} SmithLockWheel;

/* A source distribution of which a wheel is built: that wheel's URL is SMITH_LOCK_SDIST and the
 * file's name. What it is built with is among the lock's wheels. */
typedef struct {
	char *file; /* the file's name: the key */
	char *url;
	gint64 size;
	char *sha256;
	char *family;	 /* on whose root it is built */
	char *root;	 /* the chain ID of that */
	char *pip;	 /* the wheel of pip that builds it, or NULL: the root's own */
	char **requires; /* build requirements, as the source says them */
	char **wheels;	 /* their wheels, file names */
	char *wheel;	 /* the result: file name */
} SmithLockSdist;

#define SMITH_LOCK_SDIST "sdist:"

/* What of this program goes into images, so that the same lock means the same bytes: "oci-probe",
 * "seccomp/web" (fleet/part.h). */
typedef struct {
	char *name;
	char *sha256;
} SmithLockPart;

typedef struct {
	gint64 version;
	gint64 epoch;
	char *platform;
	GPtrArray *bases;    /* (element-type SmithLockBase*) */
	GPtrArray *families; /* (element-type SmithLockSet*) */
	GPtrArray *services; /* (element-type SmithLockSet*) */
	GPtrArray *debs;     /* (element-type SmithDeb*) */
	GPtrArray *wheels;   /* (element-type SmithLockWheel*) */
	GPtrArray *sdists;   /* (element-type SmithLockSdist*) */
	GPtrArray *parts;    /* (element-type SmithLockPart*) */
	GHashTable *seen_by; /* family -> SmithLockBase*, for smith_lock_base_of() */
	GHashTable *by_file; /* the wheels of a lock that was loaded, borrowed; else NULL */
} SmithLock;

SmithLock *smith_lock_new(void);
void smith_lock_free(SmithLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithLock, smith_lock_free)

/* SMITH_ERROR_STALE when there is none, or of another format; SMITH_ERROR_INVALID when it is not
 * one that we can read: unknown keys, SHA-256 values that are not 64 hex digits, and things that
 * are there twice included. */
SmithLock *smith_lock_load(const SmithFleet *fleet, GError **error);
char *smith_lock_write(const SmithLock *lock, gsize *length);
/* Writes nothing when the file already says the same; *changed may be NULL. */
gboolean smith_lock_save(const SmithLock *lock, const SmithFleet *fleet, gboolean *changed,
			 GError **error);
void smith_lock_sort(SmithLock *lock);

SmithLockBase *smith_lock_base(const SmithLock *lock, const char *from);
SmithLockBase *smith_lock_base_copy(const SmithLockBase *base);
/* A base's row alone, as in the lock; NULL for a text that is none. */
char *smith_lock_base_write(const SmithLockBase *base, gsize *length);
SmithLockBase *smith_lock_base_read(const char *text, gsize length);
void smith_lock_base_free(SmithLockBase *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithLockBase, smith_lock_base_free)
/* Drops the base @from, or with NULL all of them. */
void smith_lock_forget_bases(SmithLock *lock, const char *from);
SmithLockSet *smith_lock_family(const SmithLock *lock, const char *name);
SmithLockSet *smith_lock_service(const SmithLock *lock, const char *name);
SmithDeb *smith_lock_deb(const SmithLock *lock, const char *file);
/* What images of @family are built on: its base, as the .debs of its chain have changed it. The
 * lock's own, and as long there; NULL when the base is not in it. One thread at a time. */
const SmithLockBase *smith_lock_base_of(const SmithLock *lock, const SmithFleet *fleet,
					const char *family);
SmithLockWheel *smith_lock_wheel(const SmithLock *lock, const char *file);
/* The source distribution that a wheel of @url is built of, or NULL. */
SmithLockSdist *smith_lock_sdist_of(const SmithLock *lock, const char *url);
SmithLockPart *smith_lock_part(const SmithLock *lock, const char *name);
/* Adds the row, or gives the one of that name this digest. */
void smith_lock_set_part(SmithLock *lock, const char *name, const char *sha256);
SmithLockSdist *smith_lock_sdist_copy(const SmithLockSdist *sdist);
void smith_lock_sdist_free(SmithLockSdist *sdist);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithLockSdist, smith_lock_sdist_free)

/* All wheels of a service (or, with @service NULL, of @family): those of the chain's root family
 * first, each set by name, without what is overridden (element-type SmithLockWheel*, borrowed).
 * SMITH_ERROR_INVALID when the lock names a wheel that it does not describe. */
GPtrArray *smith_lock_wheels_of(const SmithLock *lock, const SmithFleet *fleet, const char *family,
				const char *service, GError **error);

/* The requirements of a `pip:` (NULL: none), a file's or its own; problems go to @diag. Never NULL.
 */
SmithRequirements *smith_lock_read_requirements(const SmithFleet *fleet, const SmithPip *pip,
						SmithDiag *diag);

/* The requirements of a `pip:` in normal form, sorted, constraints among them with "-c " in front
 * (NULL-terminated, transfer full); problems go to @diag. */
char **smith_lock_requirements(const SmithFleet *fleet, const SmithPip *pip, SmithDiag *diag);

/* Each way in which the fleet is no longer what the lock was made of, as a sentence
 * (element-type char*); empty when the lock is current. */
GPtrArray *smith_lock_changes(const SmithLock *lock, const SmithFleet *fleet, SmithDiag *diag);
