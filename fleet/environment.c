/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/environment.h"

#include <string.h>

#include "base/error.h"
#include "fleet/address.h"
#include "fleet/load-port.h"
#include "fleet/runtime.h"

struct SmithEnvironment {
	const SmithFleet *fleet;
	GPtrArray *providers; /* (element-type SmithService*, borrowed) */
	GPtrArray *addresses; /* (element-type char*) "MAINPC_IP", value, ... */
	GHashTable *told;     /* what has been said of values that many units share */
};

/* One unit. */
typedef struct {
	const SmithFleet *fleet;
	const SmithGroup *group;
	const SmithHost *host;
	const SmithService *neutral; /* the service of the fleet */
	const SmithService *service; /* what it is on the host */
	const SmithAddress *provided;
	GHashTable *values; /* name -> text */
	GPtrArray *texts;   /* of look-ups */
	GError *failure;    /* of the last look-up: why a service cannot be reached */
	GHashTable *told;
	SmithDiag *diag;
} Unit;

static char *address_variable(const char *host)
{
	char *name = g_strconcat(host, "_IP", NULL);
	for (char *p = name; *p != '\0'; p++)
		*p = g_ascii_isalnum(*p) ? g_ascii_toupper(*p) : '_';
	return name;
}

SmithEnvironment *smith_environment_new(const SmithFleet *fleet)
{
	SmithEnvironment *environment = g_new0(SmithEnvironment, 1);
	environment->fleet = fleet;
	environment->providers = g_ptr_array_new();
	environment->addresses = g_ptr_array_new_with_free_func(g_free);
	environment->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < fleet->services->len; i++) {
		SmithService *service = fleet->services->pdata[i];
		if (g_hash_table_size(service->provides) > 0)
			g_ptr_array_add(environment->providers, service);
	}
	for (guint i = 0; i < fleet->hosts->len; i++) {
		const SmithHost *host = fleet->hosts->pdata[i];
		if (host->address == NULL)
			continue;
		g_ptr_array_add(environment->addresses, address_variable(host->name));
		g_ptr_array_add(environment->addresses, g_strdup(host->address));
	}
	return environment;
}

void smith_environment_free(SmithEnvironment *environment)
{
	if (environment == NULL)
		return;
	g_ptr_array_unref(environment->providers);
	g_ptr_array_unref(environment->addresses);
	g_hash_table_unref(environment->told);
	g_free(environment);
}

static const char *keep(Unit *unit, char *text)
{
	g_ptr_array_add(unit->texts, text);
	return text;
}

static const char *keep_number(Unit *unit, gint64 number)
{
	return keep(unit, g_strdup_printf("%" G_GINT64_FORMAT, number));
}

/* "SERVICE.address" or "SERVICE.PORT" */
static const char *look_up_service(Unit *unit, const char *name)
{
	const char *dot = strrchr(name, '.');
	g_autofree char *who = dot != NULL ? g_strndup(name, (gsize)(dot - name)) : NULL;
	const SmithService *service = smith_fleet_service(unit->fleet, who);
	if (service == NULL || unit->group == NULL)
		return NULL;
	const char *port = strcmp(dot + 1, "address") == 0 ? NULL : dot + 1;
	SmithAddress address;
	if (!smith_address_find(unit->fleet, unit->group, unit->service, service, port, &address,
				&unit->failure))
		return NULL;
	return port == NULL ? address.address : keep_number(unit, address.port);
}

static const char *look_up(const char *name, gpointer data)
{
	Unit *unit = data;
	g_clear_error(&unit->failure);
	if (unit->provided != NULL && strcmp(name, "address") == 0)
		return unit->provided->address;
	if (unit->provided != NULL && strcmp(name, "port") == 0)
		return unit->provided->port != 0 ? keep_number(unit, unit->provided->port) : NULL;
	if (strcmp(name, "PORT_OFFSET") == 0)
		return keep_number(unit, unit->host->port_offset);
	SmithScope scope = {unit->fleet, unit->host};
	const char *value = smith_scope_lookup(name, &scope);
	return value != NULL ? value : look_up_service(unit, name);
}

static void tell(const Unit *unit, SmithPlace place, const char *who, const char *name,
		 const GError *error)
{
	const char *host = unit->host->name;
	const char *rule = "expression-invalid";
	g_autofree char *text = NULL;
	if (error->code != SMITH_ERROR_NOT_FOUND) {
		text = g_strdup_printf("%s in '%s' of '%s'", error->message, name, who);
	} else if (unit->failure != NULL) {
		rule = "service-unreachable";
		text = g_strdup_printf("'%s' in '%s' of '%s' on host '%s': %s", error->message,
				       name, who, host, unit->failure->message);
	} else {
		rule = "variable-undefined";
		text = g_strdup_printf("variable '%s' in '%s' of '%s' is not defined on host '%s' "
				       "and has no default",
				       error->message, name, who, host);
	}
	if (g_hash_table_add(unit->told, g_strdup(text)))
		smith_diag_add_about(unit->diag, SMITH_SEVERITY_ERROR, place, rule, who, "%s",
				     text);
}

static void set(Unit *unit, const char *name, const char *value)
{
	g_hash_table_replace(unit->values, g_strdup(name), g_strdup(value));
}

/* Who says a value: a family or host at its @place, or @key of @service, each entry at its own. */
typedef struct {
	const char *who;
	SmithPlace place;
	const SmithService *service; /* or NULL */
	const char *key;
} Author;

static void set_expanded(Unit *unit, const char *name, const char *text, const Author *author)
{
	g_autoptr(GError) error = NULL;
	char *value = smith_expr_expand(text, look_up, unit, &error);
	if (value != NULL)
		g_hash_table_replace(unit->values, g_strdup(name), value);
	else
		tell(unit,
		     author->service != NULL
			     ? smith_service_place(author->service, author->key, name)
			     : author->place,
		     author->who, name, error);
}

/* By name, so that findings have an order. */
static void set_map(Unit *unit, GHashTable *map, bool with_plain, const Author *author)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(map), (GCompareFunc)strcmp);
	for (GList *key = keys; key != NULL; key = key->next) {
		const char *text = g_hash_table_lookup(map, key->data);
		if (with_plain || !smith_expr_is_plain(text))
			set_expanded(unit, key->data, text, author);
	}
}

static void set_said(Unit *unit, const SmithService *service, const char *key, GHashTable *map)
{
	set_map(unit, map, true, &(Author){.who = service->name, .service = service, .key = key});
}

/* From the last family to the root: what is there already comes first. A chain that is a circle
 * ends as well. */
static void set_families(Unit *unit)
{
	const SmithFamily *family = smith_fleet_family(unit->fleet, unit->service->family);
	g_autoptr(GPtrArray) chain = g_ptr_array_new();
	while (family != NULL && chain->len < unit->fleet->families->len) {
		g_ptr_array_add(chain, (gpointer)family);
		family = smith_fleet_family(unit->fleet, family->from);
	}
	for (guint i = chain->len; i-- > 0;) {
		family = chain->pdata[i];
		set_map(unit, family->env, false,
			&(Author){family->name, family->place, NULL, NULL});
	}
}

static bool is_variable(const char *name)
{
	bool is_legal = *name == '_' || g_ascii_isalpha(*name);
	for (const char *c = name; *c != '\0'; c++)
		is_legal = is_legal && (*c == '_' || g_ascii_isalnum(*c));
	return is_legal;
}

/* What of the machine profile can be the name of a variable. */
static void set_machine(Unit *unit)
{
	GHashTableIter iter;
	gpointer name, value;
	g_hash_table_iter_init(&iter, unit->host->machine);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if (is_variable(name))
			set(unit, name, value);
}

static void set_standard(Unit *unit, const SmithEnvironment *environment)
{
	set(unit, "MACHINE_TYPE", unit->host->name);
	set(unit, "PROJECT_ROOT", SMITH_APP_DIRECTORY);
	set(unit, "CONTAINER_MODE", "podman");
	const GPtrArray *addresses = environment->addresses;
	for (guint i = 0; i < addresses->len; i += 2)
		set(unit, addresses->pdata[i], addresses->pdata[i + 1]);
}

/* What @provider is for the unit; false when it is nowhere. */
static bool find_provider(const Unit *unit, const SmithService *provider, SmithAddress *address)
{
	const SmithPort *port = smith_runtime_port(provider);
	return provider != unit->neutral &&
	       smith_address_find(unit->fleet, unit->group, unit->service, provider,
				  port != NULL ? port->name : NULL, address, NULL);
}

static void set_provided(Unit *unit, const SmithEnvironment *environment)
{
	for (int distance = SMITH_DISTANCE_FAR; distance >= SMITH_DISTANCE_NAMESPACE; distance--)
		/* the last one set stays: so the first service comes last */
		for (guint i = environment->providers->len; i-- > 0;) {
			const SmithService *provider = environment->providers->pdata[i];
			SmithAddress address;
			if (!find_provider(unit, provider, &address) ||
			    (int)address.distance != distance)
				continue;
			unit->provided = &address;
			set_said(unit, provider, "provides", provider->provides);
			unit->provided = NULL;
		}
}

/* Two ports that one variable tells: the first one's number. */
static void set_ports(Unit *unit)
{
	const GPtrArray *ports = unit->service->ports;
	for (guint i = ports->len; i-- > 0;) {
		const SmithPort *port = ports->pdata[i];
		for (char **name = port->env; name != NULL && *name != NULL; name++)
			set(unit, *name,
			    keep_number(unit, smith_port_bound(port, unit->service, unit->group,
							       unit->host)));
	}
}

/* Whether its program is to fail without one. */
static void set_gpu(Unit *unit)
{
	if (unit->service->gpu != SMITH_GPU_NONE)
		set(unit, "REQUIRED_GPU",
		    unit->service->gpu == SMITH_GPU_REQUIRED ? "true" : "false");
}

/* What says that the host has none of a device comes before what the service says elsewhere. */
static void set_without(Unit *unit)
{
	const SmithService *service = unit->service;
	for (char **name = service->optional_devices; *name != NULL; name++) {
		GHashTable *without = g_hash_table_lookup(service->without, *name);
		bool is_there = **name == '/' || g_hash_table_contains(unit->host->devices, *name);
		if (without != NULL && !is_there)
			set_map(unit, without, true,
				&(Author){service->name,
					  smith_service_place(service, "optional_devices", *name),
					  NULL, NULL});
	}
}

static char **list_values(GHashTable *values)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(values), (GCompareFunc)strcmp);
	GPtrArray *list = g_ptr_array_new();
	for (GList *key = keys; key != NULL; key = key->next)
		g_ptr_array_add(list, g_strconcat(key->data, "=",
						  g_hash_table_lookup(values, key->data), NULL));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

char **smith_environment_of(SmithEnvironment *environment, const SmithGroup *group,
			    const SmithService *service, SmithDiag *diag)
{
	const SmithFleet *fleet = environment->fleet;
	const SmithHost *host = smith_fleet_host(fleet, group->host);
	g_autoptr(GHashTable) values =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	Unit unit = {.fleet = fleet,
		     .group = group,
		     .host = host,
		     .neutral = service,
		     .service = smith_service_on(service, host),
		     .values = values,
		     .texts = texts,
		     .told = environment->told,
		     .diag = diag};
	set_families(&unit);
	set_machine(&unit);
	set_standard(&unit, environment);
	set_provided(&unit, environment);
	set_map(&unit, host->env, true, &(Author){host->name, host->place, NULL, NULL});
	set_ports(&unit);
	set_gpu(&unit);
	set_said(&unit, unit.service, "env", unit.service->env);
	set_without(&unit);
	g_clear_error(&unit.failure);
	return list_values(values);
}

char **smith_environment_of_host(SmithEnvironment *environment, const SmithHost *host)
{
	g_autoptr(GHashTable) values =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	Unit unit = {.fleet = environment->fleet, .host = host, .values = values, .texts = texts};
	GHashTableIter iter;
	gpointer name, text;
	set_machine(&unit);
	set_standard(&unit, environment);
	g_hash_table_iter_init(&iter, host->env);
	while (g_hash_table_iter_next(&iter, &name, &text)) {
		char *value = smith_expr_expand(text, look_up, &unit, NULL);
		if (value != NULL)
			g_hash_table_replace(values, g_strdup(name), value);
	}
	return list_values(values);
}

/* Nothing that asks for it fails, and yet its program may look for the variable. */
static void check_provided(const SmithEnvironment *environment, const SmithGroup *group,
			   SmithDiag *diag)
{
	for (guint i = 0; i < environment->providers->len; i++) {
		const SmithService *provider = environment->providers->pdata[i];
		const SmithPort *port = smith_runtime_port(provider);
		g_autoptr(GError) error = NULL;
		SmithAddress address;
		if (!smith_address_find(environment->fleet, group, NULL, provider,
					port != NULL ? port->name : NULL, &address, &error) &&
		    error->code == SMITH_ERROR_UNSUPPORTED)
			smith_diag_add_about(diag, SMITH_SEVERITY_NOTE, group->place,
					     "provided-unreachable", group->name,
					     "group '%s' does not get what is provided by %s",
					     group->name, error->message);
	}
}

static void check_group(SmithEnvironment *environment, const SmithGroup *group,
			const SmithService *supervisor, SmithDiag *diag)
{
	check_provided(environment, group, diag);
	if (supervisor != NULL) {
		g_strfreev(smith_environment_of(environment, group, supervisor, diag));
		return;
	}
	const SmithFleet *fleet = environment->fleet;
	const SmithHost *host = smith_fleet_host(fleet, group->host);
	for (char **name = group->services; *name != NULL; name++) {
		const SmithService *service = smith_fleet_service(fleet, *name);
		if (service != NULL && smith_service_on(service, host)->enabled)
			g_strfreev(smith_environment_of(environment, group, service, diag));
	}
}

void smith_environment_check(const SmithFleet *fleet, SmithDiag *diag)
{
	g_autoptr(SmithEnvironment) environment = smith_environment_new(fleet);
	g_autoptr(GHashTable) supervisors = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < fleet->supervisors->len; i++) {
		SmithService *service = fleet->supervisors->pdata[i];
		g_hash_table_insert(supervisors, service->supervises, service);
	}
	for (guint i = 0; i < fleet->groups->len; i++) {
		const SmithGroup *group = fleet->groups->pdata[i];
		if (smith_fleet_host(fleet, group->host) != NULL)
			check_group(environment, group, g_hash_table_lookup(supervisors, group),
				    diag);
	}
}
