/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/diag.h"
#include "fleet/environment.h"
#include "fleet/model.h"
#include "store/store.h"

/*
 * What runs on one host, with every question answered: no variable, offset, default or name of the
 * fleet is left to be looked up. The formats (quadlet, plain services, kube, shell) only print it,
 * each in its own words, so that they cannot differ in what they mean.
 *
 *   SmithPlanContext *context = smith_plan_context_new (fleet, store);
 *   SmithHostPlan *plan = smith_host_plan_new (context, host, groups, diag, error);
 *   ... one of the writers ...
 *   smith_host_plan_free (plan);
 *
 * Plain data, owned by the plan; lists are never NULL, in document order unless said otherwise;
 * strings are NULL where nothing is said. Borrowed: everything of fleet/model.h.
 */

/* The label of every container, by which a fleet's are known again: the fleet's name. */
#define SMITH_PLAN_LABEL "io.ocismith.fleet"
#define SMITH_PLAN_ENVIRONMENT "machine.env"

/* A file beside the units: a profile, an environment file. The text is without the first line that
 * says whose it is. */
typedef struct {
	char *name; /* below the host's directory: "seccomp/web.json", "machine.env" */
	char *text;
} SmithPlanFile;

/* How a container or pod is on a network. */
typedef struct {
	const SmithNetwork *network;
	char *slug;
	char *ip; /* fixed, or NULL */
	char **aliases;
} SmithPlanNetwork;

typedef struct {
	gint64 container;
	gint64 host;
	bool local; /* the machine alone */
	bool udp;
} SmithPlanPort;

typedef enum {
	SMITH_PLAN_VOLUME,    /* kept by podman: `source` is its slug */
	SMITH_PLAN_DIRECTORY, /* `source` is a path of the host */
	/* podman's own socket, of who runs the units; `source` is the path of podman's that the
	 * fleet names, for who cannot ask, NULL where it names docker's */
	SMITH_PLAN_SOCKET,
} SmithPlanMountKind;

typedef struct {
	SmithPlanMountKind kind;
	char *source;
	char *target;
	bool read_only;
	bool own; /* becomes the container user's: podman's option U */
} SmithPlanMount;

typedef struct {
	char *name;
	char *target;
	bool env;
} SmithPlanSecret;

typedef struct {
	char *name; /* a path, or a CDI name */
	bool optional;
} SmithPlanDevice;

/* One health check, as the image can run it: nanoseconds, 0 where podman's default is meant. */
typedef struct {
	char **argv;
	const SmithHealth *health;
	gint64 port; /* inside; 0 with exec */
	gint64 interval;
	gint64 timeout;
	gint64 start_period;
	gint64 retries;
	/* while it starts: the same, but oci-probe goes on asking by itself, since each check that
	 * podman makes costs a fifth of a second of processor time; so often, this long each */
	char **startup;
	gint64 startup_timeout;
	gint64 startup_tries;
} SmithPlanHealth;

/* What must be before this one is started. */
typedef struct {
	char *slug;    /* of a container of this host; NULL: it is on another host */
	bool required; /* it cannot do without */
	bool healthy;  /* not only started */
	char *name;    /* of the service */
	/* where it accepts connections, as seen from this container, and how long to wait for it;
	 * always of another host, where known also of this one. NULL: there is nothing to ask */
	char *address;
	gint64 port;
	gint64 seconds;
} SmithPlanNeed;

/* Some confinement that this service is without, and why. */
typedef struct {
	char *what;   /* "read_only", "seccomp", "capabilities", "new_privileges", "user", "pids" */
	char *detail; /* "NET_ADMIN", "unconfined" */
	char *reason; /* or NULL: none was given (a finding) */
} SmithPlanLoosened;

typedef struct SmithPodPlan SmithPodPlan;

typedef struct {
	char *slug;  /* name of unit, container and hostname */
	char *title; /* the service's own name, for people */
	const SmithGroup *group;
	const SmithService *neutral; /* of the fleet, or a supervised group's */
	const SmithService *service; /* as it is on the host */
	SmithPodPlan *pod;	     /* borrowed, or NULL: by itself */
	/* image */
	char *image;	 /* "localhost/hello/web@sha256:...", by tag when it is not in the store */
	char *image_tag; /* "localhost/hello/web:latest", for people; NULL when the same */
	bool pull;	 /* there is a registry to pull from */
	char **argv;	 /* behind the entry point; NULL: the image's own */
	char **entrypoint; /* or NULL: the image's own */
	/* what it sees */
	char **environment; /* "NAME=VALUE" by name, beyond the host's machine.env */
	GPtrArray *mounts;  /* (element-type SmithPlanMount*) */
	char **tmpfs;
	GPtrArray *secrets; /* (element-type SmithPlanSecret*) */
	GPtrArray *devices; /* (element-type SmithPlanDevice*) */
	bool keep_groups;   /* the user's own groups stay: a device belongs to one */
	GHashTable *labels;
	/* where it is; empty in a pod */
	bool host_network;
	bool no_network;
	GPtrArray *networks; /* (element-type SmithPlanNetwork*) */
	GPtrArray *ports;    /* (element-type SmithPlanPort*) */
	char **dns;
	/* what it may */
	char *user; /* "10001", or NULL: the image's */
	char *user_group;
	bool keep_id; /* the invoking user is 10001 inside */
	bool read_only;
	bool new_privileges;
	char **capabilities; /* all others are dropped */
	char *seccomp;	     /* "seccomp/web.json" of `files`; "unconfined"; NULL: podman's own */
	GPtrArray *loosened; /* (element-type SmithPlanLoosened*) */
	/* how much */
	gint64 memory; /* bytes; 0: no limit */
	char *cpus;
	gint64 pids; /* 0: podman's own; -1: no limit */
	gint64 shm;
	/* its life */
	SmithPlanHealth *health; /* or NULL */
	GPtrArray *needs;	 /* (element-type SmithPlanNeed*) */
	SmithRestart restart;
	gint64 start_seconds; /* a start may take */
	gint64 stop_seconds;
	/* a GPU of which the driver must be at least this: checked before the start; or NULL */
	char *min_driver;
	bool gpu_required;
} SmithContainerPlan;

/* A group of mode pod. */
struct SmithPodPlan {
	char *slug;
	const SmithGroup *group;
	char *hostname;
	GPtrArray *networks; /* (element-type SmithPlanNetwork*) */
	GPtrArray *ports;    /* (element-type SmithPlanPort*), of all members */
	char **dns;
	bool keep_id;
	gint64 shm; /* 0: podman's own */
	gint64 stop_seconds;
	GPtrArray *members; /* (element-type SmithContainerPlan*, borrowed) in order of start */
};

/* A group's or the host's target: what is started and stopped together. */
typedef struct {
	char *slug; /* "GROUP", or the fleet's own name for the host's */
	char *title;
	GPtrArray *containers; /* (element-type SmithContainerPlan*, borrowed) */
	GPtrArray *pods;       /* (element-type SmithPodPlan*, borrowed) */
} SmithPlanTarget;

typedef struct {
	const SmithFleet *fleet;
	const SmithHost *host;
	int podman;		 /* 504 for 5.4 */
	GPtrArray *pods;	 /* (element-type SmithPodPlan*) */
	GPtrArray *containers;	 /* (element-type SmithContainerPlan*) in order of start */
	GPtrArray *networks;	 /* (element-type SmithNetwork*, borrowed) that are used */
	GPtrArray *volumes;	 /* (element-type char*) slugs of those that podman keeps */
	GPtrArray *targets;	 /* (element-type SmithPlanTarget*) of groups; the host's is last */
	GPtrArray *files;	 /* (element-type SmithPlanFile*) */
	char **environment;	 /* "NAME=VALUE" of every unit, by name: also the text of the file
				  * SMITH_PLAN_ENVIRONMENT. A container's own come after it */
	const char *install_dir; /* borrowed, set by who writes: where directories of hosts will
				  * be; NULL: where podman looks */
} SmithHostPlan;

typedef struct SmithPlanContext SmithPlanContext;
/* @store: where digests of images are looked up; NULL: images are named by their tags. Both must
 * outlive it. */
SmithPlanContext *smith_plan_context_new(const SmithFleet *fleet, const SmithStore *store);
void smith_plan_context_free(SmithPlanContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithPlanContext, smith_plan_context_free)

/* @groups: only these, NULL or empty for all of the host. What a value lacks is told to @diag;
 * errors are those of one service: SMITH_ERROR_UNSUPPORTED, SMITH_ERROR_NOT_FOUND. */
SmithHostPlan *smith_host_plan_new(SmithPlanContext *context, const SmithHost *host,
				   const char *const *groups, SmithDiag *diag, GError **error);
void smith_host_plan_free(SmithHostPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithHostPlan, smith_host_plan_free)
