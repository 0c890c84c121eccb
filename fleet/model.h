/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"
#include "base/node.h"

/*
 * The fleet as the user wrote it: plain data, with the place of each thing for messages.
 *
 * smith_fleet_load() (fleet/load.h) makes one; everything in it is owned by the SmithFleet and
 * lives as long. Strings that the user left out are NULL, lists are never NULL. docs/formats.md
 * describes the files.
 */

/* Requirements of a family or a service: a file, or lines in the document itself. */
typedef struct {
	SmithPlace place;
	char *file;   /* relative to the fleet's directory, or NULL */
	char **lines; /* inline requirements, or NULL */
} SmithPip;

typedef struct {
	char *name;
	SmithPlace place;
	char *file; /* families.d/NAME.yaml */
	char *from; /* another family, or an image reference */
	SmithPlace from_place;
	SmithNode *pip_node;
	SmithPip *pip; /* or NULL */
	GHashTable *env;
} SmithFamily;

typedef enum {
	SMITH_APP_NONE,
	SMITH_APP_SCRIPT, /* a Python file of the source tree */
	SMITH_APP_MODULE, /* python -m NAME */
	SMITH_APP_ASGI,	  /* uvicorn "pkg.mod:attribute" */
	SMITH_APP_EXEC,	  /* a command line */
} SmithAppForm;

typedef struct {
	SmithAppForm form;
	SmithPlace place;
	char *script;
	char *module;
	char *asgi;
	char **exec;
	char **args;
	char **files; /* paths of the source tree that go into the image */
} SmithApp;

typedef struct {
	char *name;
	gint64 number; /* 1..65535, the host's offset not added */
	SmithPlace place;
} SmithPort;

typedef enum {
	SMITH_HEALTH_HTTP,
	SMITH_HEALTH_TCP,
	SMITH_HEALTH_EXEC,
} SmithHealthKind;

typedef struct {
	SmithHealthKind kind;
	SmithPlace place;
	char *http; /* path */
	bool tcp;
	char **exec;
	char *port;	     /* name of one of the service's ports */
	gint64 port_number;  /* of that port */
	char *interval_text; /* as written; the numbers below are nanoseconds */
	char *timeout_text;
	char *start_period_text;
	gint64 interval;
	gint64 timeout;
	gint64 start_period;
	gint64 retries;
} SmithHealth;

typedef struct {
	char *name;
	SmithPlace place;
	char *slug; /* canonical name in units, images, hosts: lower case, digits and '-' */
	char *family;
	SmithPlace family_place;
	SmithApp *app; /* never NULL */
	SmithNode *pip_node;
	SmithPip *pip; /* or NULL */
	GHashTable *env;
	SmithNode *ports_node;
	GPtrArray *ports;    /* (element-type SmithPort*), in document order */
	SmithHealth *health; /* or NULL */
	char **needs;	     /* names of services */
	char **tmpfs;	     /* absolute paths, writable and lost at stop */
} SmithService;

typedef struct {
	char *name;
	SmithPlace place;
	char *slug;
	char *host;
	SmithPlace host_place;
	char **services;
} SmithGroup;

typedef struct {
	char *name;
	SmithPlace place;
	char *podman; /* target version, "5.4" */
	char *address;
	gint64 port_offset;
	GHashTable *machine; /* the machine profile: NAME -> text */
} SmithHost;

typedef struct {
	char **find_links; /* directories of wheels, relative to the fleet's directory */
	char *index;	   /* URL of a PEP 503 index, or NULL */
} SmithWheelSources;

typedef struct {
	char *name;
	SmithPlace place;
	char *directory; /* absolute */
	int fd;		 /* of that directory */
	char *registry;
	char *tag;
	char *platform; /* "linux/arm64", or NULL: the machine's own at lock time */
	char *prefix;	/* of the venv, without leading slash: "opt/venv" */
	char *compression;
	SmithWheelSources *wheels; /* never NULL */
	GPtrArray *families;	   /* (element-type SmithFamily*) by name */
	GPtrArray *services;	   /* (element-type SmithService*) in document order */
	GPtrArray *groups;	   /* (element-type SmithGroup*) */
	GPtrArray *hosts;	   /* (element-type SmithHost*) */
} SmithFleet;

void smith_fleet_free(SmithFleet *fleet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithFleet, smith_fleet_free)

/* NULL when there is none of that name. A service is found by its name or its slug. */
SmithFamily *smith_fleet_family(const SmithFleet *fleet, const char *name);
SmithService *smith_fleet_service(const SmithFleet *fleet, const char *name);
SmithGroup *smith_fleet_group(const SmithFleet *fleet, const char *name);
SmithHost *smith_fleet_host(const SmithFleet *fleet, const char *name);

/* The chain of @name's families, its root first (element-type SmithFamily*, borrowed); @base is the
 * root's image reference (borrowed). The fleet has been linted: no cycle, no unknown name. */
GPtrArray *smith_fleet_chain(const SmithFleet *fleet, const char *name, const char **base);

/* The image reference at the root of @name's chain (borrowed), under the same condition. */
const char *smith_fleet_base(const SmithFleet *fleet, const char *name);

/* The hosts that run @service (element-type SmithHost*, borrowed), in the fleet's order. */
GPtrArray *smith_fleet_hosts_of(const SmithFleet *fleet, const SmithService *service);

/* "UnifiedWebAgent" -> "unified-web-agent": the one rule for all names that leave the fleet. */
char *smith_slug(const char *name);

/* The reference of the image of @service on @host (NULL: the only or any host): registry/slug:tag,
 * with "-HOST" behind the slug when hosts differ in their machine profile. */
char *smith_fleet_image_name(const SmithFleet *fleet, const SmithService *service,
			     const SmithHost *host);
/* TRUE if each of the hosts of @service has an image of its own: their profiles differ. */
bool smith_fleet_image_is_own(const SmithFleet *fleet, const SmithService *service);
/* registry/family:tag */
char *smith_fleet_family_image_name(const SmithFleet *fleet, const char *family);
