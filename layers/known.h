/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "layers/layer.h"
#include "store/store.h"

/*
 * Layers that the store knows by the key of the step that made them (store/key.h).
 *
 *   layer = smith_known_layer (store, key);
 *   if (layer == NULL) { layer = ...; smith_known_layer_add (store, key, layer, error); }
 */

/* NULL when there is none, or its blob is gone. */
SmithLayer *smith_known_layer(SmithStore *store, const char *key);
gboolean smith_known_layer_add(SmithStore *store, const char *key, const SmithLayer *layer,
			       GError **error);
