/* SPDX-License-Identifier: Apache-2.0 */
#include "python/import-map.h"

#include <stdlib.h>
#include <string.h>

#include "python/name.h"

typedef struct {
	const char *module;
	const char *distributions; /* separated by blanks, the most likely first */
} Row;

/* Sorted by strcmp(). */
static const Row rows[] = {
	{"Crypto", "pycryptodome pycrypto"},
	{"Cryptodome", "pycryptodomex"},
	{"Levenshtein", "levenshtein python-levenshtein"},
	{"MySQLdb", "mysqlclient"},
	{"OpenGL", "pyopengl"},
	{"OpenSSL", "pyopenssl"},
	{"PIL", "pillow"},
	{"TTS", "tts coqui-tts"},
	{"Xlib", "python-xlib"},
	{"_cffi_backend", "cffi"},
	{"_pytest", "pytest"},
	{"_soundfile", "soundfile"},
	{"_yaml", "pyyaml"},
	{"alsaaudio", "pyalsaaudio"},
	{"apt", ""},
	{"attr", "attrs"},
	{"azure.core", "azure-core"},
	{"azure.identity", "azure-identity"},
	{"azure.storage.blob", "azure-storage-blob"},
	{"bluetooth", "pybluez"},
	{"bs4", "beautifulsoup4"},
	{"bson", "pymongo"},
	{"cairo", "pycairo"},
	{"cpuinfo", "py-cpuinfo"},
	{"cupy", "cupy-cuda12x cupy-cuda11x cupy"},
	{"cupyx", "cupy-cuda12x cupy-cuda11x cupy"},
	{"cv2", "opencv-python-headless opencv-python opencv-contrib-python-headless "
		"opencv-contrib-python"},
	{"dateutil", "python-dateutil"},
	{"dbus", "dbus-python"},
	{"discord", "discord-py"},
	{"dns", "dnspython"},
	{"docx", "python-docx"},
	{"dotenv", "python-dotenv"},
	{"faiss", "faiss-cpu faiss-gpu"},
	{"fasttext", "fasttext fasttext-wheel"},
	{"ffmpeg", "ffmpeg-python"},
	{"fitz", "pymupdf"},
	{"functorch", "torch"},
	{"git", "gitpython"},
	{"github", "pygithub"},
	{"google.api", "googleapis-common-protos"},
	{"google.cloud.pubsub_v1", "google-cloud-pubsub"},
	{"google.cloud.translate_v2", "google-cloud-translate"},
	{"google.logging", "googleapis-common-protos"},
	{"google.longrunning", "googleapis-common-protos"},
	{"google.oauth2", "google-auth"},
	{"google.protobuf", "protobuf"},
	{"google.rpc", "googleapis-common-protos"},
	{"google.type", "googleapis-common-protos"},
	{"googleapiclient", "google-api-python-client"},
	{"grpc", "grpcio"},
	{"grpc_health", "grpcio-health-checking"},
	{"grpc_reflection", "grpcio-reflection"},
	{"grpc_status", "grpcio-status"},
	{"grpc_tools", "grpcio-tools"},
	{"igraph", "igraph python-igraph"},
	{"jose", "python-jose"},
	{"jwt", "pyjwt"},
	{"kafka", "kafka-python"},
	{"ldap", "python-ldap"},
	{"llama_cpp", "llama-cpp-python"},
	{"magic", "python-magic"},
	{"mpl_toolkits", "matplotlib"},
	{"msvcrt", ""},
	{"multipart", "python-multipart"},
	{"nacl", "pynacl"},
	{"nats", "nats-py"},
	{"nvidia_smi", "nvidia-ml-py3"},
	{"odf", "odfpy"},
	{"onnxruntime", "onnxruntime onnxruntime-gpu"},
	{"opentelemetry", "opentelemetry-api"},
	{"opentelemetry.exporter.otlp", "opentelemetry-exporter-otlp"},
	{"opentelemetry.exporter.prometheus", "opentelemetry-exporter-prometheus"},
	{"opentelemetry.sdk", "opentelemetry-sdk"},
	{"pkg_resources", "setuptools"},
	{"pptx", "python-pptx"},
	{"psycopg2", "psycopg2-binary psycopg2"},
	{"pwiz", "peewee"},
	{"pylab", "matplotlib"},
	{"pynvml", "nvidia-ml-py pynvml nvidia-ml-py3"},
	{"pysqlite3", "pysqlite3-binary pysqlite3"},
	{"pythoncom", ""},
	{"pywintypes", ""},
	{"rapidjson", "python-rapidjson"},
	{"rest_framework", "djangorestframework"},
	{"serial", "pyserial"},
	{"skimage", "scikit-image"},
	{"sklearn", "scikit-learn"},
	{"slugify", "python-slugify"},
	{"smbus", "smbus-cffi"},
	{"snappy", "python-snappy"},
	{"socketio", "python-socketio"},
	{"socks", "pysocks"},
	{"speech_recognition", "speechrecognition"},
	{"systemd", "systemd-python"},
	{"telegram", "python-telegram-bot"},
	{"tensorflow", "tensorflow tensorflow-cpu tensorflow-gpu"},
	{"torchgen", "torch"},
	{"umap", "umap-learn"},
	{"usb", "pyusb"},
	{"websocket", "websocket-client"},
	{"whisper", "openai-whisper"},
	{"win32api", ""},
	{"win32com", ""},
	{"win32con", ""},
	{"win32event", ""},
	{"win32file", ""},
	{"win32gui", ""},
	{"win32process", ""},
	{"win32service", ""},
	{"winerror", ""},
	{"wx", "wxpython"},
	{"yaml", "pyyaml"},
	{"zmq", "pyzmq"},
};

/* Top-level names that distributions share, and how many components of a module's name tell whose
 * it is when the table does not. Sorted by strcmp(). */
static const struct {
	const char *name;
	guint parts;
} shared[] = {
	{"azure", 3},  {"backports", 2}, {"google", 2},	       {"google.cloud", 3},
	{"jaraco", 2}, {"odoo", 2},	 {"opentelemetry", 1}, {"pyannote", 2},
	{"ruamel", 2}, {"scikits", 2},	 {"sphinxcontrib", 2}, {"zope", 2},
};

static const char *const gpu[] = {
	"apex",	    "bitsandbytes", "cudf",	  "cugraph",	"cuml",	       "cupy",
	"cupyx",    "deepspeed",    "exllamav2",  "flash_attn", "functorch",   "jax",
	"jaxlib",   "llama_cpp",    "numba.cuda", "pycuda",	"rmm",	       "tensorflow",
	"tensorrt", "torch",	    "torchaudio", "torchtext",	"torchvision", "triton",
	"vllm",	    "xformers",
};

static int compare_row(const void *name, const void *row)
{
	return strcmp(name, ((const Row *)row)->module);
}

static const Row *find_row(const char *module)
{
	return bsearch(module, rows, G_N_ELEMENTS(rows), sizeof *rows, compare_row);
}

/* @module without what follows its first @parts components. */
static char *first_parts(const char *module, guint parts)
{
	const char *end = module;
	for (guint i = 0; i < parts && end != NULL; i++)
		end = strchr(i == 0 ? end : end + 1, '.');
	return end != NULL ? g_strndup(module, (gsize)(end - module)) : g_strdup(module);
}

static guint shared_parts(const char *module)
{
	guint parts = 1;
	for (gsize i = 0; i < G_N_ELEMENTS(shared); i++) {
		gsize length = strlen(shared[i].name);
		if (strncmp(module, shared[i].name, length) == 0 &&
		    (module[length] == '\0' || module[length] == '.'))
			parts = shared[i].parts;
	}
	return parts;
}

bool smith_import_is_shared(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(shared); i++)
		if (strcmp(shared[i].name, name) == 0)
			return true;
	return false;
}

char *smith_import_key(const char *module)
{
	/* no row has more than four components */
	for (guint parts = 4; parts > 0; parts--) {
		g_autofree char *prefix = first_parts(module, parts);
		if (find_row(prefix) != NULL)
			return g_steal_pointer(&prefix);
	}
	return first_parts(module, shared_parts(module));
}

char **smith_import_distributions(const char *module)
{
	g_autofree char *key = smith_import_key(module);
	const Row *row = find_row(key);
	if (row != NULL)
		return *row->distributions != '\0' ? g_strsplit(row->distributions, " ", -1)
						   : g_new0(char *, 1);
	char **names = g_new0(char *, 2);
	names[0] = smith_python_normalize_name(key);
	return names;
}

bool smith_distribution_is_gpu(const char *key)
{
	/* builds of their own name: onnxruntime-gpu, cupy-cuda12x, nvidia-cudnn-cu12 */
	return g_str_has_suffix(key, "-gpu") || strstr(key, "-cuda") != NULL ||
	       strstr(key, "-cu11") != NULL || strstr(key, "-cu12") != NULL;
}

bool smith_import_is_gpu(const char *module)
{
	for (gsize i = 0; i < G_N_ELEMENTS(gpu); i++) {
		gsize length = strlen(gpu[i]);
		if (strncmp(module, gpu[i], length) == 0 &&
		    (module[length] == '\0' || module[length] == '.'))
			return true;
	}
	return false;
}
