/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fleet/model.h"

/*
 * Startup configurations: the YAML files by which launchers of agents are told what to start, read
 * into the fleet's own model, so that the same rules can be held against them.
 *
 *   agent_groups: {GROUP: {AGENT: {script_path, port, health_check_port, required, dependencies,
 *                 config}}}, with or without docker_groups: {GROUP: {description, agents: [...]}}
 *   SECTION: [{name, script_path or path, port, ...}], of any name: pc2_services, core_agents, ...
 *   machine_profiles: {MACHINE: {enabled_groups: [...]}}: which agent groups a machine has
 *   include: [FILE]: nothing but other files, which are not followed
 *
 * Files are those of others: all that is wrong with the shape is a finding, with the severities of
 * lint/rules.c, and reading goes on. Of an agent that is defined twice the model has both.
 *
 * Every machine becomes a SmithFleet of one host whose places are those of the file. Services have
 * ports named by where they stand: "port", "health_check_port", "config.zmq_port"; they are
 * evaluated with PORT_OFFSET (and any other variable that nobody defines) as 0. The label "section"
 * is the agent group or list that a service stands in. Groups are the docker groups. A need stands
 * at its agent.
 */
#define SMITH_STARTUP_PORT "port"
#define SMITH_STARTUP_HEALTH "health_check_port"
#define SMITH_STARTUP_SECTION "section"
#define SMITH_STARTUP_LIMIT (4 * 1024 * 1024)

/* first 0: none is declared */
typedef struct {
	gint64 first;
	gint64 last;
} SmithPortRange;

typedef struct {
	SmithFleet *fleet; /* fleet->hosts has one host, whose name is the machine's */
	SmithPlace place;  /* the whole file */
	SmithPortRange ports;
	SmithPortRange health_ports;
} SmithStartup;

void smith_startup_free(SmithStartup *startup);

/* Adds the machines of one file to @startups (element-type SmithStartup*); @file is the name for
 * places, and the machine's own when the file has no profiles: "mainpc.startup_config.yaml" is
 * mainpc. What is no YAML at all is a finding, too. */
void smith_startup_read(const char *text, gsize length, const char *file, GPtrArray *startups,
			SmithDiag *diag);

/* Reads the file at @path; FALSE when it cannot be read. */
gboolean smith_startup_read_file(const char *path, GPtrArray *startups, SmithDiag *diag,
				 GError **error);
