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

/* A package index (PEP 503). With names it has these alone, and they come from nowhere else. */
typedef struct {
	char *url;
	SmithPlace place;
	char **names; /* of projects, with '*' and '?'; never NULL, empty: all that none claims */
} SmithWheelIndex;

/* Requirements of a family, a group or a service: a file, or lines in the document itself. */
typedef struct {
	SmithPlace place;
	char *file;	    /* relative to the fleet's directory, or NULL */
	char **lines;	    /* inline requirements, or NULL */
	GPtrArray *others;  /* (element-type SmithPip*, borrowed) that hold as well, or NULL */
	SmithNode *node;    /* of file or lines */
	char **override;    /* projects whose wheel of the family is replaced; never NULL */
	GPtrArray *indexes; /* (element-type SmithWheelIndex*) before the fleet's; never NULL */
	char *builder;	    /* family on which sdists are built, or NULL: on its own */
} SmithPip;

/* A Debian archive, as sources.list(5) has it. */
typedef struct {
	char *uri; /* never NULL: Debian's own when left out */
	SmithPlace place;
	char *suite;	   /* "bookworm" */
	char **components; /* never empty: "main" when left out */
	char *keyring;	   /* relative to the fleet's directory, absolute: of the image; or NULL */
	char *snapshot;	   /* "20250520T000000Z", or NULL: as it is now */
} SmithAptSource;

/* Debian packages of a family. */
typedef struct {
	char **packages; /* as apt-get install takes them: "tini", "nginx=1.22.1-9" */
	SmithPlace place;
	GPtrArray *sources;  /* (element-type SmithAptSource*) none: the parent's, the image's */
	GHashTable *options; /* of apt.conf(5) */
} SmithApt;

/* `from: {debian: ...}`: the base is made of packages. */
typedef struct {
	char *suite;
	SmithPlace place;
	char **packages; /* beside the essential and required ones */
	char *mirror;
	char **components;
	char *keyring; /* a path of this machine, relative to the fleet's directory; or NULL */
	char *snapshot;
} SmithBootstrap;

/* What makes a family one of GPUs. */
typedef struct {
	char *cuda; /* "12.1" */
	SmithPlace place;
	char **arch;	  /* compute capabilities that it is built for: "8.6", "8.9" */
	char *min_driver; /* major version of the oldest driver, "535" */
} SmithFamilyGpu;

typedef struct {
	char *max_text;
	SmithPlace place;
	gint64 max; /* bytes of all layer blobs of an image; 0: no limit */
} SmithSize;

/* A command of a family's own, run in the sandbox; what it leaves in `outputs` is a layer. */
typedef struct {
	char *name;
	SmithPlace place;
	char **command; /* one of these two */
	char *script;	/* of /bin/sh */
	GHashTable *env;
	char **inputs;	/* paths of the source tree */
	char **outputs; /* absolute paths of the image */
} SmithRunStep;

/* Bytecode of what is installed. */
#define SMITH_BYTECODE_NONE "none"
#define SMITH_BYTECODE_UNCHECKED "unchecked-hash"
/* How wheels become layers: each by us, or all of a set by pip. */
#define SMITH_INSTALLER_WHEELS "wheels"
#define SMITH_INSTALLER_PIP "pip"

typedef struct {
	char *name;
	SmithPlace place;
	char *file; /* families.d/NAME.yaml */
	SmithNode *from_node;
	char *from; /* another family, an image reference, or "debian/NAME" of a bootstrap */
	SmithPlace from_place;
	SmithBootstrap *bootstrap; /* or NULL */
	SmithNode *apt_node;
	SmithApt *apt; /* or NULL */
	SmithNode *pip_node;
	SmithPip *pip; /* or NULL */
	GHashTable *env;
	SmithFamilyGpu *gpu; /* or NULL */
	char **seccomp_names;
	char *seccomp;	 /* name of a profile or of several joined, or NULL: the parent's */
	char *smoke;	 /* a Python file of the fleet's that proves it; or NULL: the parent's */
	SmithSize *size; /* or NULL */
	char *bytecode;	 /* or NULL: the parent's, the fleet's */
	char *installer; /* or NULL: the parent's */
	GPtrArray *run;	 /* (element-type SmithRunStep*) */
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

typedef enum {
	SMITH_PROTOCOL_TCP,
	SMITH_PROTOCOL_UDP,
} SmithProtocol;

/* Who reaches a port of a pod, beside the containers on its network. */
typedef enum {
	SMITH_PUBLISH_ALL,
	SMITH_PUBLISH_NONE,
	SMITH_PUBLISH_LOCAL, /* the host alone */
} SmithPublish;

/*
 * A socket that the service binds. @number is what it is inside the service's network namespace
 * when no offset is added: in a pod it is never added there, but to the published side; on the
 * host's own network it is added to the number itself (smith_service_bound_port()).
 */
typedef struct {
	char *name;
	SmithPlace place;
	char *text;    /* as written, or NULL: a plain number */
	gint64 number; /* 1..65535; 0 when the document does not say a legal one */
	SmithProtocol protocol;
	char *argument; /* "--port": the program is told by an argument */
	char **env;	/* it is told by these variables */
	bool fixed;	/* it is not told: the number stands in the program */
	int publish;	/* SmithPublish */
	bool offset;	/* the host's port offset applies */
	bool implicit;	/* no one wrote it down: the service's class binds it as well */
} SmithPort;

typedef enum {
	SMITH_HEALTH_HTTP, /* GET answers 200 */
	SMITH_HEALTH_TCP,  /* a connection is accepted */
	SMITH_HEALTH_ZMQ,  /* a REP socket answers a JSON request with JSON */
	SMITH_HEALTH_GRPC, /* grpc.health.v1 answers SERVING */
	SMITH_HEALTH_EXEC, /* a command exits with 0 */
} SmithHealthKind;

typedef struct {
	SmithHealthKind kind;
	SmithPlace place;
	char *http; /* path */
	bool tcp;
	SmithNode *zmq_node;
	char *zmq;  /* the request, compact JSON */
	char *grpc; /* name of the gRPC service, "" for the server */
	char **exec;
	char *port;	     /* name of one of the service's ports */
	gint64 port_number;  /* of that port, 0 when there is none of that name */
	char *interval_text; /* as written; the numbers below are nanoseconds */
	char *timeout_text;
	char *start_period_text;
	gint64 interval;
	gint64 timeout;
	gint64 start_period;
	gint64 retries;
} SmithHealth;

typedef enum {
	SMITH_UNTIL_STARTED,
	SMITH_UNTIL_HEALTHY,
} SmithUntil;

typedef struct {
	char *name; /* of a service */
	SmithPlace place;
	SmithUntil until;
	char *timeout_text; /* as written; the number below is nanoseconds */
	gint64 timeout;	    /* how long to wait for one of another host */
} SmithNeed;

/* "VOLUME[:TARGET[:ro]]" */
typedef struct {
	SmithPlace place;
	char *volume; /* a name of the fleet's volumes, or an absolute path of the host */
	char *target; /* absolute; the volume's own when not said here; NULL when neither says it */
	bool read_only;
} SmithMount;

typedef struct {
	char *memory_text;
	SmithPlace place;
	gint64 memory; /* bytes; 0: no limit */
	char *cpus;    /* "1.5" */
	char *pids_text;
	gint64 pids; /* 0: not said; -1: "unlimited" */
	char *shm_text;
	gint64 shm; /* bytes; 0: podman's own */
} SmithLimits;

typedef enum {
	SMITH_GPU_NONE,
	SMITH_GPU_OPTIONAL, /* used where the host has one */
	SMITH_GPU_REQUIRED,
} SmithGpuNeed;

typedef enum {
	SMITH_RESTART_ALWAYS,
	SMITH_RESTART_ON_FAILURE,
	SMITH_RESTART_NO,
} SmithRestart;

typedef struct SmithService SmithService;
typedef struct SmithGroup SmithGroup;

/*
 * A program of the fleet: built by us from a family, or (image != NULL) an upstream image that is
 * run as it is, as redis and nats are.
 */
struct SmithService {
	char *name;
	SmithPlace place;
	const SmithNode *node; /* as it was read, with what its class says (borrowed); or NULL */
	char *slug;  /* canonical name in units, images, hosts: lower case, digits and '-' */
	char *class; /* of the fleet's classes, or NULL */
	char *family;
	SmithPlace family_place;
	bool family_auto; /* `family: auto`; @family is what was found, or "auto" */
	char *image;	  /* upstream reference, or NULL */
	SmithPlace image_place;
	SmithApp *app; /* never NULL */
	SmithNode *pip_node;
	SmithPip *pip;	 /* or NULL */
	char *installer; /* or NULL: the family's */
	GHashTable *env;
	GHashTable *provides; /* NAME -> text with ${address} and ${port}: for every other unit */
	SmithNode *ports_node;
	SmithNode *implicit_node;
	GPtrArray *ports;    /* (element-type SmithPort*), in document order, implicit ones last */
	SmithHealth *health; /* or NULL */
	SmithNode *needs_node;
	GPtrArray *needs; /* (element-type SmithNeed*) */
	SmithNode *required_node;
	bool required; /* what needs it cannot do without it */
	SmithNode *when_node;
	bool enabled;	 /* `when` holds: units are made */
	char **tmpfs;	 /* absolute paths, writable and lost at stop */
	char **writable; /* absolute paths, directories of 10001, kept in volumes of the service */
	char **volume_texts;
	GPtrArray *volumes; /* (element-type SmithMount*) */
	char **devices;	    /* names of the host's devices, or absolute paths */
	SmithNode *optional_node;
	char **optional_devices; /* those that a host may lack */
	GHashTable *without;	 /* name of an optional device -> GHashTable of the variables that
				  * tell the program that its host has none */
	int gpu;		 /* SmithGpuNeed */
	char **secrets;
	SmithLimits *limits; /* or NULL */
	int restart;	     /* SmithRestart */
	char *stop_text;     /* as written; the number below is nanoseconds */
	gint64 stop;	     /* from the signal to the end, 0: podman's own */
	char **seccomp_names;
	char *seccomp; /* name of a profile or of several joined (seccomp/profile-name.h), that of
			* the members for a supervisor; SMITH_SECCOMP_UNCONFINED; NULL: the
			* family's */
	GHashTable *labels;
	char *user;	     /* "UID[:GID]" or NULL: 10001:10001, for an upstream image its own */
	bool read_only;	     /* root file system */
	char **capabilities; /* kept; none by default */
	bool new_privileges; /* programs may gain what their file gives them */
	GHashTable *loosen;  /* a key of confinement -> why it is not what it is by default */
	bool in_pod;	     /* of a group of mode POD: false, it is a container beside the pod */
	char *network;	     /* of one beside it: a name, "host", "none"; or NULL: the group's */
	SmithNode *hosts_node;
	GPtrArray *variants;	/* (element-type SmithVariant*) */
	GPtrArray *groups;	/* (element-type SmithGroup*, borrowed) that list it */
	SmithGroup *supervises; /* this is the container of that group (borrowed); or NULL */
	char *generated;	/* its file SMITH_SUPERVISOR_CONFIG, or NULL */
};

/* What a service is on one host where that differs. */
typedef struct {
	char *host;
	SmithService *service; /* app, pip and family are those of the service itself */
	SmithNode *node;       /* of that service */
} SmithVariant;

typedef enum {
	SMITH_GROUP_POD,	/* one pod, one container per service */
	SMITH_GROUP_HOST,	/* one container per service, on the host's network */
	SMITH_GROUP_SUPERVISED, /* one container of all services, under a supervisor */
} SmithGroupMode;

/* One of the networks that a group is on. */
typedef struct {
	char *name; /* NULL: the host's own, if it has one */
	SmithPlace place;
	char *ip; /* fixed address in it, or NULL */
} SmithOnNetwork;

struct SmithGroup {
	char *name;
	SmithPlace place;
	char *slug;
	char *host;
	SmithPlace host_place;
	int mode;      /* SmithGroupMode */
	char *network; /* the first of `networks`, or NULL: the host's */
	char *ip;      /* fixed address in it, or NULL */
	SmithNode *networks_node;
	GPtrArray *networks; /* (element-type SmithOnNetwork*) never empty */
	char **dns;	     /* addresses of name servers; empty: the host's */
	char *hostname;	     /* of a pod, or NULL: the slug */
	char **services;
	char *family; /* SUPERVISED: of the one image */
	SmithNode *pip_node;
	SmithPip *pip;	      /* SUPERVISED: the supervisor's own requirements, or NULL */
	SmithApp *supervisor; /* SUPERVISED: the program; or NULL */
};

typedef struct {
	char *device; /* CDI name: "nvidia.com/gpu=0" */
	SmithPlace place;
	char **arch;  /* "8.9" */
	char *driver; /* version that the host has, or NULL: not known */
} SmithHostGpu;

typedef struct {
	char *name;
	SmithPlace place;
	char *podman; /* target version, "5.4" */
	char *address;
	char *network; /* name of one of the fleet's networks, or NULL: podman's default */
	char **dns;    /* addresses of name servers; empty: podman's own */
	gint64 port_offset;
	GHashTable *variables; /* of expressions, over the fleet's */
	GHashTable *env;       /* for every unit of the host */
	SmithHostGpu *gpu;     /* or NULL: none */
	GHashTable *devices;   /* name -> path or CDI name */
	GHashTable *machine;   /* the machine profile: NAME -> text */
	guint index;	       /* among the fleet's hosts */
} SmithHost;

typedef struct {
	char *name;
	SmithPlace place;
	char *subnet; /* "172.20.0.0/16", or NULL: podman chooses */
	char *gateway;
	bool internal; /* no way out */
} SmithNetwork;

typedef struct {
	char *name;
	SmithPlace place;
	char *path;   /* a directory of the host, or NULL: a volume that podman keeps */
	char *target; /* where it is in containers that do not say; NULL: they must */
	bool read_only;
} SmithVolume;

typedef enum {
	SMITH_SECRET_ENV,
	SMITH_SECRET_FILE,
} SmithSecretAs;

/* The value is podman's to keep: only its name is ours. */
typedef struct {
	char *name;
	SmithPlace place;
	int as;	      /* SmithSecretAs */
	char *target; /* variable or file below /run/secrets; never NULL */
} SmithSecret;

/* A finding that the user has looked at and wants to keep. */
typedef struct {
	char *rule;
	SmithPlace place;
	char *subject; /* or NULL: every */
	char *reason;
	char *until; /* YYYY-MM-DD, the last day; or NULL */
} SmithAllow;

typedef struct {
	char **find_links;  /* directories of wheels, relative to the fleet's directory */
	char *index;	    /* URL of a PEP 503 index, or NULL */
	GPtrArray *indexes; /* (element-type SmithWheelIndex*) before that one; never NULL */
} SmithWheelSources;

/* Of each step that executes while images are locked and built. */
typedef struct {
	char *time_text; /* as written; the numbers below are 0 when it is not said */
	SmithPlace place;
	char *memory_text;
	char *disk_text;
	char *output_text;
	gint64 seconds;
	gint64 memory; /* bytes */
	gint64 disk;
	gint64 output;
	gint64 processes;
} SmithStepLimits;

/* What is looked up by name. */
enum {
	SMITH_KIND_FAMILY,
	SMITH_KIND_SERVICE, /* by name and by slug */
	SMITH_KIND_GROUP,
	SMITH_KIND_HOST,
	SMITH_KIND_NETWORK,
	SMITH_KIND_VOLUME,
	SMITH_KIND_SECRET,
	SMITH_KINDS,
};

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
	char *bytecode;
	SmithWheelSources *wheels;    /* never NULL */
	SmithStepLimits *step_limits; /* or NULL */
	GHashTable *mirrors;	      /* image reference -> where its image is taken from */
	GHashTable *variables;	      /* of expressions */
	GHashTable *features;	      /* as variables; what `when` is about */
	SmithNode *classes_node;      /* named defaults of services */
	GPtrArray *families;	      /* (element-type SmithFamily*) by name */
	GPtrArray *services;	      /* (element-type SmithService*) in document order */
	GPtrArray *groups;	      /* (element-type SmithGroup*) */
	GPtrArray *hosts;	      /* (element-type SmithHost*) */
	GPtrArray *networks;	      /* (element-type SmithNetwork*) */
	GPtrArray *volumes;	      /* (element-type SmithVolume*) */
	GPtrArray *secrets;	      /* (element-type SmithSecret*) */
	GPtrArray *allow;	      /* (element-type SmithAllow*) */
	GPtrArray *supervisors; /* (element-type SmithService*) one for each supervised group */
	GPtrArray *built; /* (element-type SmithService*, borrowed) that get an image of ours */
	GHashTable *index[SMITH_KINDS]; /* by name, for the look-ups below */
	SmithNode *document;		/* that all of it was read from */
} SmithFleet;

#define SMITH_SECCOMP_UNCONFINED "unconfined"

/* Below /app, the slug for %s: what a supervised group's program is to run. */
#define SMITH_SUPERVISOR_CONFIG "config/%s.yaml"

void smith_fleet_free(SmithFleet *fleet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmithFleet, smith_fleet_free)

/* NULL when there is none of that name. A service is found by its name or its slug. */
SmithFamily *smith_fleet_family(const SmithFleet *fleet, const char *name);
SmithService *smith_fleet_service(const SmithFleet *fleet, const char *name);
SmithGroup *smith_fleet_group(const SmithFleet *fleet, const char *name);
SmithHost *smith_fleet_host(const SmithFleet *fleet, const char *name);
SmithNetwork *smith_fleet_network(const SmithFleet *fleet, const char *name);
SmithVolume *smith_fleet_volume(const SmithFleet *fleet, const char *name);
SmithSecret *smith_fleet_secret(const SmithFleet *fleet, const char *name);

/* What @service is on @host (NULL: no host in particular): a variant, or itself. */
const SmithService *smith_service_on(const SmithService *service, const SmithHost *host);
/* NULL when it has none of that name. */
SmithPort *smith_service_port(const SmithService *service, const char *name);
/* Where @member of its @key stands, an entry of a map or the text of an item of a list; NULL: where
 * @key does. Else the nearest thing that is there: @key, the service itself. Of many entries only
 * the first are looked at, so that each may be a finding. */
SmithPlace smith_service_place(const SmithService *service, const char *key, const char *member);
/* The group of @host that lists @service, or NULL. */
SmithGroup *smith_service_group(const SmithService *service, const SmithHost *host);
/* What a program is started by: the script's path, the module, or "module:attribute" (borrowed);
 * NULL for a command. */
const char *smith_app_entry(const SmithApp *app);
/* The service that stands for all of @group when it is a supervised one, or NULL. */
SmithService *smith_group_supervisor(const SmithFleet *fleet, const SmithGroup *group);
/* The first network of @group on its host, or NULL: podman's default. */
SmithNetwork *smith_group_network(const SmithFleet *fleet, const SmithGroup *group);
/* Why the confinement @key of @service is loosened (borrowed), or NULL: nothing is said. */
const char *smith_service_reason(const SmithService *service, const char *key);
/* Whether it is said to run as root. */
bool smith_service_is_root(const SmithService *service);
/* The name of the profile that confines @service (borrowed): its own, the nearest family's,
 * SMITH_PROFILE_DEFAULT; SMITH_SECCOMP_UNCONFINED; NULL: podman's own, for an upstream image. */
const char *smith_service_seccomp(const SmithFleet *fleet, const SmithService *service);
/* That of a service of family @name (or NULL) that says none itself. */
const char *smith_family_seccomp(const SmithFleet *fleet, const char *name);

/* The network namespace of a container. */
typedef enum {
	SMITH_SITE_GROUP, /* that of its group: a pod, or a supervised container */
	SMITH_SITE_HOST,  /* the host's own */
	SMITH_SITE_OWN,	  /* one of its own, on networks */
	SMITH_SITE_NONE,  /* one of its own, on none */
} SmithSite;

/* Of @service, as it is on the host of @group; NULL: of what is usual in the group. */
SmithSite smith_service_site(const SmithService *service, const SmithGroup *group);
/* The network @index of that namespace, and the fixed address in it (which may be NULL); NULL
 * behind the last one. One that has none at all is on podman's own network. */
const SmithNetwork *smith_service_network(const SmithFleet *fleet, const SmithService *service,
					  const SmithGroup *group, guint index, const char **ip);
/* What @port is in the network namespace in which @service (on its host) binds it: with the offset
 * of @host where that is the host's own. */
gint64 smith_port_bound(const SmithPort *port, const SmithService *service, const SmithGroup *group,
			const SmithHost *host);
/* What it is on the host's address, whether or not it is published. */
gint64 smith_port_published(const SmithPort *port, const SmithHost *host);

/* The chain of @name's families, its root first (element-type SmithFamily*, borrowed); @base is the
 * root's image reference (borrowed). The fleet has been linted: no cycle, no unknown name. */
GPtrArray *smith_fleet_chain(const SmithFleet *fleet, const char *name, const char **base);

/* The bootstrap at the root of @name's chain, or NULL; under the same condition. */
const SmithBootstrap *smith_fleet_bootstrap(const SmithFleet *fleet, const char *name);

/* What holds for @name's images (borrowed): the nearest family of the chain that says it, else the
 * fleet or its default. */
const char *smith_fleet_bytecode(const SmithFleet *fleet, const char *name);
/* The same for the wheels that a family, or with @service that service, adds. */
const char *smith_fleet_installer(const SmithFleet *fleet, const char *name,
				  const SmithService *service);

/* The script that proves images of @name (borrowed): of the nearest family of the chain that has
 * one, or NULL. */
const char *smith_fleet_smoke(const SmithFleet *fleet, const char *name);

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
