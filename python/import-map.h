/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * From what a program imports to the distribution that has it, from a table of those whose names
 * differ. A distribution that is at hand knows better (its RECORD, its top_level.txt): this is for
 * when there is none yet.
 *
 *   key = smith_import_key ("google.cloud.storage.blob");        "google.cloud.storage"
 *   names = smith_import_distributions (key);                    {"google-cloud-storage"}
 */

/* How much of a dotted module name says which distribution it is of: its first component, or more
 * where distributions share that ("google.protobuf", "ruamel.yaml"). Newly allocated. */
char *smith_import_key(const char *module);

/* TRUE if distributions share @name ("google"), so that the names in `from google import x` count.
 */
bool smith_import_is_shared(const char *name);

/*
 * The distributions that have @module (dotted or not), in normal form, the most likely first;
 * any of them will do. Without a row in the table it is the name itself, normalised. Empty for a
 * module that no distribution for Linux has (win32com). g_strfreev().
 */
char **smith_import_distributions(const char *module);

/*
 * TRUE for a name that a program imports to compute on a GPU: frameworks whose builds are for CUDA
 * unless one takes care (torch and its companions, tensorflow, jax, llama_cpp), and what only works
 * with CUDA (cupy, vllm, tensorrt, triton, flash_attn, ...).
 *
 * FALSE for what runs as well without, and brings a framework in where it needs one, which then
 * decides: transformers, sentence_transformers, accelerate, diffusers, whisper, xgboost. FALSE for
 * onnxruntime, too: its builds for GPUs are a distribution of their own. pynvml only asks the
 * driver.
 */
bool smith_import_is_gpu(const char *module);

/* TRUE if a distribution's name (in normal form) says that it is a build for CUDA:
 * "onnxruntime-gpu", "cupy-cuda12x", "nvidia-cudnn-cu12". */
bool smith_distribution_is_gpu(const char *key);
