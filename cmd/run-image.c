/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/run-image.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/output.h"
#include "cmd/prepare.h"
#include "fleet/base-image.h"
#include "fleet/profile.h"
#include "seccomp/profile.h"

#define SHOWN_LINES 20

static SmithService *find_built(const SmithFleet *fleet, const char *name)
{
	for (guint i = 0; i < fleet->built->len; i++) {
		SmithService *service = fleet->built->pdata[i];
		if (strcmp(service->name, name) == 0 || strcmp(service->slug, name) == 0)
			return service;
	}
	return NULL;
}

static const SmithService *find_service(const SmithFleet *fleet, const char *name, GError **error)
{
	const SmithService *service = find_built(fleet, name);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	if (service != NULL)
		return service;
	if (smith_fleet_service(fleet, name) != NULL)
		return smith_throw_null(
			error, SMITH_ERROR_UNSUPPORTED,
			"service '%s' is no image of this fleet's: it runs '%s', or "
			"is part of a supervised group",
			name, smith_fleet_service(fleet, name)->image);
	for (guint i = 0; i < fleet->built->len; i++)
		g_ptr_array_add(names, ((const SmithService *)fleet->built->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(name, (const char *const *)names->pdata);
	return smith_throw_null(error, SMITH_ERROR_NOT_FOUND, "no service '%s'%s%s%s", name,
				nearest != NULL ? " (did you mean '" : "",
				nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
}

/* The host that was named, or the first one when hosts have images of their own. */
static gboolean find_host(const SmithFleet *fleet, const SmithService *service, const char *name,
			  const SmithHost **host, GError **error)
{
	g_autoptr(GPtrArray) hosts = smith_fleet_hosts_of(fleet, service);
	*host = NULL;
	for (guint i = 0; name != NULL && i < hosts->len; i++)
		if (strcmp(((const SmithHost *)hosts->pdata[i])->name, name) == 0)
			*host = hosts->pdata[i];
	if (name != NULL && *host == NULL)
		return smith_throw(error, SMITH_ERROR_NOT_FOUND, "service '%s' is not on host '%s'",
				   service->name, name);
	if (*host == NULL && hosts->len > 0)
		*host = hosts->pdata[0];
	return TRUE;
}

static SmithDescriptor *find_named(const SmithInvocation *inv, const char *image, const char *what,
				   const char *name, GError **error)
{
	SmithDescriptor *found =
		smith_layout_find(smith_store_layout(inv->prepared->store), image, NULL, NULL);
	if (found == NULL)
		smith_throw(error, SMITH_ERROR_NOT_FOUND,
			    "image '%s' of %s '%s' is not in the store: run 'ocismith build %s' "
			    "first",
			    image, what, name, name);
	return found;
}

static SmithDescriptor *find_image(const SmithInvocation *inv, const SmithService *service,
				   const SmithHost *host, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	g_autofree char *name = smith_fleet_image_name(fleet, service, host);
	return find_named(inv, name, "service", service->name, error);
}

/* *@profile: NULL when it is unconfined. */
static gboolean confine(SmithRunTarget *target, const char *family, SmithProfile **profile,
			GError **error)
{
	const SmithFleet *fleet = target->options.fleet;
	const char *name = smith_fleet_profile(fleet, target->service, family);
	*profile = NULL;
	if (strcmp(name, SMITH_PROFILE_UNCONFINED) == 0)
		return TRUE;
	g_autoptr(SmithProfile) loaded = smith_profile_load(fleet->fd, name, error);
	if (loaded == NULL)
		return FALSE;
	target->profile = g_strdup(name);
	target->options.program = smith_profile_compile(loaded, target->image->architecture, error);
	*profile = g_steal_pointer(&loaded);
	return target->options.program != NULL;
}

gboolean smith_run_target_confine(SmithRunTarget *target, GError **error)
{
	g_autoptr(SmithProfile) profile = NULL;
	return confine(target, target->service->family, &profile, error);
}

static void set_options(const SmithInvocation *inv, SmithRunTarget *target)
{
	target->options = (SmithRunOptions){
		.fleet = inv->prepared->fleet,
		.service = target->service,
		.store = inv->prepared->store,
		.image = target->image,
		.env = smith_options_list(inv->options, "env"),
		.secrets = smith_options_list(inv->options, "secret"),
		.binds = smith_options_list(inv->options, "bind"),
		.timeout = smith_options_int(inv->options, "timeout", 0) * G_USEC_PER_SEC,
		.stop_timeout = smith_options_int(inv->options, "stop-timeout", 0) * G_USEC_PER_SEC,
		.log_fd = -1,
	};
}

SmithRunTarget *smith_run_target_open(SmithInvocation *inv, const char *name, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	g_autoptr(SmithRunTarget) target = g_new0(SmithRunTarget, 1);
	g_auto(GStrv) parts = g_strsplit(name, "@", 2);
	const SmithHost *host = NULL;
	const SmithService *service = find_service(fleet, parts[0] != NULL ? parts[0] : "", error);
	if (service == NULL || !find_host(fleet, service, parts[1], &host, error))
		return NULL;
	g_autoptr(SmithDescriptor) image = find_image(inv, service, host, error);
	if (image == NULL)
		return NULL;
	SMITH_AUTO_PREFIX("service", service->name, error);
	target->service = smith_service_on(service, host);
	target->host = host;
	target->title = g_strdup(name);
	target->image = smith_run_image_load(inv->prepared->store, image, error);
	if (target->image == NULL)
		return NULL;
	set_options(inv, target);
	return g_steal_pointer(&target);
}

static gboolean load_upstream(SmithInvocation *inv, SmithRunTarget *target, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	SmithStore *store = inv->prepared->store;
	g_autoptr(SmithPlatform) own = smith_platform_own();
	g_autofree char *platform = smith_platform_to_string(own);
	g_autoptr(SmithDescriptor) image =
		smith_base_fetch(fleet, store, target->service->image, platform, error);
	if (image == NULL)
		return FALSE;
	target->image = smith_run_image_load_upstream(fleet, store, image, target->service, error);
	return target->image != NULL;
}

static gboolean load_built(SmithInvocation *inv, SmithRunTarget *target, GError **error)
{
	const SmithService *neutral = find_built(inv->prepared->fleet, target->service->name);
	const SmithService *service = neutral != NULL ? neutral : target->service;
	g_autoptr(SmithDescriptor) image = find_image(inv, service, target->host, error);
	if (image == NULL)
		return FALSE;
	target->image = smith_run_image_load(inv->prepared->store, image, error);
	return target->image != NULL;
}

SmithRunTarget *smith_run_target_open_needed(SmithInvocation *inv, const SmithNeeded *needed,
					     GError **error)
{
	g_autoptr(SmithRunTarget) target = g_new0(SmithRunTarget, 1);
	target->service = needed->service;
	target->host = needed->host;
	target->title = g_strdup(needed->service->name);
	SMITH_AUTO_PREFIX("service", target->title, error);
	bool is_upstream = target->service->image != NULL;
	if (is_upstream ? !load_upstream(inv, target, error) : !load_built(inv, target, error))
		return NULL;
	set_options(inv, target);
	/* podman's own profile is not ours to apply */
	bool is_confined = !is_upstream || target->service->seccomp != NULL;
	if (is_confined && !smith_run_target_confine(target, error))
		return NULL;
	target->options.how = is_confined ? SMITH_RUN_ASK : SMITH_RUN_PROFILE;
	/* what was given on the command line is the other's */
	target->options.binds = NULL;
	target->options.env = NULL;
	target->options.timeout = 0;
	return g_steal_pointer(&target);
}

static const SmithFamily *find_family(const SmithFleet *fleet, const char *name, GError **error)
{
	const SmithFamily *family = smith_fleet_family(fleet, name);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	if (family != NULL)
		return family;
	for (guint i = 0; i < fleet->families->len; i++)
		g_ptr_array_add(names, ((const SmithFamily *)fleet->families->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	const char *nearest = smith_nearest(name, (const char *const *)names->pdata);
	return smith_throw_null(error, SMITH_ERROR_NOT_FOUND, "no family '%s'%s%s%s", name,
				nearest != NULL ? " (did you mean '" : "",
				nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
}

SmithRunTarget *smith_run_target_open_family(SmithInvocation *inv, const char *name, GError **error)
{
	const SmithFleet *fleet = inv->prepared->fleet;
	g_autoptr(SmithRunTarget) target = g_new0(SmithRunTarget, 1);
	g_autoptr(SmithProfile) profile = NULL;
	target->family = find_family(fleet, name, error);
	if (target->family == NULL)
		return NULL;
	g_autofree char *image_name = smith_fleet_family_image_name(fleet, name);
	g_autoptr(SmithDescriptor) image = find_named(inv, image_name, "family", name, error);
	if (image == NULL)
		return NULL;
	SMITH_AUTO_PREFIX("family", name, error);
	target->title = g_strdup(name);
	target->image = smith_run_image_load(inv->prepared->store, image, error);
	if (target->image == NULL)
		return NULL;
	set_options(inv, target);
	if (!confine(target, name, &profile, error))
		return NULL;
	target->family_run =
		smith_family_run_new(fleet, target->family, target->image, profile, error);
	if (target->family_run == NULL)
		return NULL;
	smith_family_run_fill(target->family_run, &target->options);
	return g_steal_pointer(&target);
}

void smith_run_target_free(SmithRunTarget *target)
{
	if (target == NULL)
		return;
	smith_family_run_free(target->family_run);
	smith_run_image_free(target->image);
	g_free(target->title);
	g_free(target->profile);
	if (target->options.program != NULL)
		g_bytes_unref(target->options.program);
	g_free(target);
}

const char *smith_run_word(const SmithRunResult *result)
{
	static const char *const words[] = {"healthy", "unhealthy", "died"};
	return words[result->end];
}

const SmithRunCall *smith_run_refused(const SmithRunResult *result)
{
	for (guint i = 0; i < result->calls->len; i++) {
		const SmithRunCall *call = result->calls->pdata[i];
		if (call->text != NULL)
			return call;
	}
	return NULL;
}

/* The last lines, each fit for a terminal: a program can say anything. */
static void tell_lines(const char *what, const char *tail)
{
	g_autofree char *all = g_strchomp(g_strdup(tail != NULL ? tail : ""));
	g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
	guint n = g_strv_length(lines);
	if (*all == '\0')
		return;
	fprintf(stderr, "%s:\n", what);
	for (guint i = n > SHOWN_LINES ? n - SHOWN_LINES : 0; i < n; i++) {
		g_autofree char *line = smith_output_escape(lines[i]);
		fprintf(stderr, "  %s\n", line);
	}
}

void smith_run_tell_refused(const SmithRunTarget *target, const SmithRunResult *result)
{
	const SmithRunCall *call = smith_run_refused(result);
	if (call == NULL)
		return;
	g_autofree char *text = smith_output_escape(call->text);
	g_autofree char *stack = g_strjoinv(" < ", call->stack);
	g_autofree char *files = smith_output_escape(stack);
	fprintf(stderr, "profile '%s' refused %s: %s\n", target->profile, text,
		g_strerror(call->error));
	fprintf(stderr, "  called by %s\n", files);
	for (guint i = 0; i < result->calls->len; i++) {
		const SmithRunCall *other = result->calls->pdata[i];
		if (other != call && other->text != NULL)
			fprintf(stderr, "  and %s, %" G_GUINT64_FORMAT " times\n", other->name,
				other->count);
	}
}

void smith_run_tell(const SmithRunTarget *target, const SmithRunResult *result)
{
	g_autofree char *title = g_strdup_printf("the last lines of '%s'", target->title);
	smith_run_tell_refused(target, result);
	if (result->end == SMITH_RUN_UNHEALTHY)
		tell_lines("its health check said", result->health_tail);
	tell_lines("the command said", result->command_tail);
	tell_lines(title, result->tail);
}

char *smith_run_explain(const SmithRunTarget *target, const SmithRunResult *result)
{
	double seconds = (double)result->duration / G_USEC_PER_SEC;
	const char *kind = target->family != NULL ? "family" : "service";
	const char *name = target->title;
	if (result->end == SMITH_RUN_UNHEALTHY && target->family != NULL)
		return g_strdup_printf("family '%s': its smoke program has not ended after %.1f s",
				       name, seconds);
	if (result->end == SMITH_RUN_UNHEALTHY)
		return g_strdup_printf("service '%s': not healthy after %.1f s", name, seconds);
	if (result->end == SMITH_RUN_DIED)
		return g_strdup_printf("%s '%s': ended with status %d after %.1f s", kind, name,
				       result->status, seconds);
	if (result->command_status != 0)
		return g_strdup_printf("service '%s': the command ended with status %d", name,
				       result->command_status);
	return NULL;
}
