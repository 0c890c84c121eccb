/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/pips.h"

struct SmithPips {
	const SmithFleet *fleet;
	SmithDiag *diag;
	GHashTable *files; /* path -> SmithRequirements* */
	GHashTable *lists; /* SmithPip* -> SmithRequirements* */
	GHashTable *keys;  /* SmithPip* -> GHashTable* of normal names */
};

static void requirements_free(gpointer data)
{
	smith_requirements_free(data);
}

SmithPips *smith_pips_new(const SmithFleet *fleet, SmithDiag *diag)
{
	SmithPips *pips = g_new0(SmithPips, 1);
	pips->fleet = fleet;
	pips->diag = diag;
	pips->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, requirements_free);
	pips->lists = g_hash_table_new_full(NULL, NULL, NULL, requirements_free);
	pips->keys = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	return pips;
}

void smith_pips_free(SmithPips *pips)
{
	if (pips == NULL)
		return;
	g_hash_table_unref(pips->keys);
	g_hash_table_unref(pips->files);
	g_hash_table_unref(pips->lists);
	g_free(pips);
}

const SmithRequirements *smith_pips_get(SmithPips *pips, const SmithPip *pip)
{
	static const char *const none[] = {NULL};
	if (pip == NULL)
		return NULL;
	GHashTable *table = pip->file != NULL ? pips->files : pips->lists;
	gconstpointer key = pip->file != NULL ? (gconstpointer)pip->file : pip;
	SmithRequirements *found = g_hash_table_lookup(table, key);
	if (found != NULL)
		return found;
	if (pip->file != NULL)
		found = smith_requirements_read(pips->fleet->fd, pip->file, pips->diag);
	else
		found = smith_requirements_parse_lines(
			pip->lines != NULL ? (const char *const *)pip->lines : none, pip->place,
			pips->diag);
	g_hash_table_insert(table, (gpointer)key, found);
	return found;
}

static void add_keys(SmithPips *pips, const SmithPip *pip, GHashTable *keys)
{
	const SmithRequirements *found = smith_pips_get(pips, pip);
	for (guint i = 0; i < found->lines->len; i++)
		g_hash_table_add(keys, ((SmithRequirementLine *)found->lines->pdata[i])->req->key);
}

static GHashTable *keys_of(SmithPips *pips, const SmithPip *pip)
{
	GHashTable *keys = g_hash_table_lookup(pips->keys, pip);
	if (keys != NULL)
		return keys;
	keys = g_hash_table_new(g_str_hash, g_str_equal);
	add_keys(pips, pip, keys);
	for (guint i = 0; pip->others != NULL && i < pip->others->len; i++)
		add_keys(pips, pip->others->pdata[i], keys);
	g_hash_table_insert(pips->keys, (gpointer)pip, keys);
	return keys;
}

bool smith_pips_has(SmithPips *pips, const SmithPip *pip, const char *key)
{
	return pip != NULL && g_hash_table_contains(keys_of(pips, pip), key);
}

bool smith_pips_family_has(SmithPips *pips, const char *family, const char *key)
{
	const SmithFamily *at = smith_fleet_family(pips->fleet, family);
	for (guint i = 0; at != NULL && i < pips->fleet->families->len; i++) {
		if (smith_pips_has(pips, at->pip, key))
			return true;
		at = smith_fleet_family(pips->fleet, at->from);
	}
	return false;
}
