/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "base/library.h"

struct SmithHasher {
	GByteArray *first; /* what came before it was worth a context */
	EVP_MD_CTX *context;
};

/* Loading libcrypto and making its provider ready takes a third of a process that finds all its
 * work done and hashes nothing but a few short texts. GLib does those, until libcrypto is there. */
#define LIBRARY "libcrypto.so.3"
#define SHORT_TEXT (64 * 1024)
#define SHORT_TEXTS (256 * 1024) /* all together: GLib takes as long for them as the loading */

#define FUNCTIONS(X)                                                                               \
	X(OSSL_LIB_CTX_new)                                                                        \
	X(EVP_MD_fetch)                                                                            \
	X(EVP_MD_CTX_new)                                                                          \
	X(EVP_MD_CTX_free) X(EVP_DigestInit_ex2) X(EVP_DigestUpdate) X(EVP_DigestFinal_ex)

typedef struct {
#define MEMBER(name) __typeof__(&name) name;
	FUNCTIONS(MEMBER)
#undef MEMBER
	EVP_MD *sha256; /* a fetch walks the providers: once is enough */
} Crypto;

/* A build of ocismith runs with the library that it was built with, as if it were linked. */
static gpointer load(G_GNUC_UNUSED gpointer data)
{
	static Crypto crypto;
#define SYMBOL(name) {#name, &crypto.name},
	static const SmithLibrarySymbol symbols[] = {FUNCTIONS(SYMBOL)};
#undef SYMBOL
	const char *problem = smith_library_load(LIBRARY, symbols, G_N_ELEMENTS(symbols));
	g_assert(problem == NULL);
	/* one of our own: the machine's configuration, which TLS obeys, takes a third of a fetch */
	crypto.sha256 = crypto.EVP_MD_fetch(crypto.OSSL_LIB_CTX_new(), "SHA256", NULL);
	g_assert(crypto.sha256 != NULL);
	return &crypto;
}

static gint is_loaded;	  /* atomic: or being loaded */
static gsize short_texts; /* bytes; atomic */

static const Crypto *lib(void)
{
	static GOnce once = G_ONCE_INIT;
	g_atomic_int_set(&is_loaded, 1);
	return g_once(&once, load, NULL);
}

void smith_digest_load(void)
{
	(void)lib();
}

/* EVP calls with a fetched algorithm and plain memory fail only for want of memory. */
static void must(int result)
{
	g_assert(result == 1);
}

static gboolean is_hex(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++) {
		if (!g_ascii_isdigit(text[i]) && !(text[i] >= 'a' && text[i] <= 'f'))
			return FALSE;
	}
	return text[length] == '\0';
}

/* The length of a well-formed algorithm name at the start of @text, 0 when there is none. */
static gsize algorithm_length(const char *text)
{
	gsize length = 0;
	gboolean component = FALSE;
	for (; text[length] != '\0' && text[length] != ':'; length++) {
		gboolean plain = g_ascii_islower(text[length]) || g_ascii_isdigit(text[length]);
		if (!plain && !(component && strchr("+._-", text[length]) != NULL))
			return 0;
		component = plain;
	}
	return component ? length : 0;
}

static gboolean encoded_is_valid(const char *encoded)
{
	if (*encoded == '\0')
		return FALSE;
	for (; *encoded != '\0'; encoded++) {
		if (!g_ascii_isalnum(*encoded) && strchr("=_-", *encoded) == NULL)
			return FALSE;
	}
	return TRUE;
}

/* Untrusted text for a message: printable and short. */
static char *printable(const char *text)
{
	g_autofree char *start = g_strndup(text, 160);
	return g_strescape(start, NULL);
}

gboolean smith_digest_check(const char *digest, const char *what, GError **error)
{
	if (digest == NULL)
		return smith_throw(error, SMITH_ERROR_INVALID, "%s has no digest", what);

	gsize length = algorithm_length(digest);
	if (length == 0 || digest[length] != ':' || !encoded_is_valid(digest + length + 1)) {
		g_autofree char *got = printable(digest);
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s: malformed digest, got '%s', expected 'algorithm:encoded'",
				   what, got);
	}
	gsize expected = 0;
	if (g_str_has_prefix(digest, "sha256:"))
		expected = 64;
	else if (g_str_has_prefix(digest, "sha512:"))
		expected = 128;
	if (expected == 0)
		return TRUE;
	const char *encoded = digest + length + 1;
	if (strlen(encoded) != expected || !is_hex(encoded, expected)) {
		g_autofree char *got = printable(digest);
		return smith_throw(error, SMITH_ERROR_INVALID,
				   "%s: malformed digest, got '%s', expected %" G_GSIZE_FORMAT
				   " lower-case hex digits after '%.*s:'",
				   what, got, expected, (int)length, digest);
	}
	return TRUE;
}

gboolean smith_digest_is_sha256(const char *digest)
{
	return digest != NULL && g_str_has_prefix(digest, "sha256:") &&
	       smith_digest_is_hex(digest + strlen("sha256:"));
}

gboolean smith_digest_is_hex(const char *hex)
{
	return hex != NULL && strnlen(hex, 65) == 64 && is_hex(hex, 64);
}

const char *smith_digest_hex(const char *digest)
{
	const char *colon = strchr(digest, ':');
	g_assert(colon != NULL);
	return colon + 1;
}

char *smith_digest_to_hex(const guint8 *raw, gsize length)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = g_malloc(length * 2 + 1);
	for (gsize i = 0; i < length; i++) {
		hex[i * 2] = digits[raw[i] >> 4];
		hex[i * 2 + 1] = digits[raw[i] & 0xf];
	}
	hex[length * 2] = '\0';
	return hex;
}

static char *sha256_digest(const guint8 raw[SMITH_SHA256_SIZE])
{
	g_autofree char *hex = smith_digest_to_hex(raw, SMITH_SHA256_SIZE);
	return g_strconcat("sha256:", hex, NULL);
}

char *smith_digest_of(const void *data, gsize length)
{
	g_autoptr(SmithHasher) hasher = smith_hasher_new();
	smith_hasher_update(hasher, data, length);
	return smith_hasher_finish(hasher);
}

SmithHasher *smith_hasher_new(void)
{
	SmithHasher *hasher = g_new0(SmithHasher, 1);
	hasher->first = g_byte_array_new();
	return hasher;
}

static void begin(SmithHasher *hasher)
{
	hasher->context = lib()->EVP_MD_CTX_new();
	g_assert(hasher->context != NULL);
	must(lib()->EVP_DigestInit_ex2(hasher->context, lib()->sha256, NULL));
	must(lib()->EVP_DigestUpdate(hasher->context, hasher->first->data, hasher->first->len));
	g_byte_array_set_size(hasher->first, 0);
}

void smith_hasher_update(SmithHasher *hasher, const void *data, gsize length)
{
	if (hasher->context == NULL && !g_atomic_int_get(&is_loaded) &&
	    hasher->first->len + length <= SHORT_TEXT &&
	    (gsize)g_atomic_pointer_add(&short_texts, (gssize)length) <= SHORT_TEXTS) {
		g_byte_array_append(hasher->first, data, (guint)length);
		return;
	}
	if (hasher->context == NULL)
		begin(hasher);
	must(lib()->EVP_DigestUpdate(hasher->context, data, length));
}

static void finish_short(SmithHasher *hasher, guint8 out[SMITH_SHA256_SIZE])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize size = SMITH_SHA256_SIZE;
	g_checksum_update(checksum, hasher->first->data, (gssize)hasher->first->len);
	g_checksum_get_digest(checksum, out, &size);
	g_byte_array_set_size(hasher->first, 0);
}

void smith_hasher_finish_raw(SmithHasher *hasher, guint8 out[SMITH_SHA256_SIZE])
{
	if (hasher->context == NULL) {
		finish_short(hasher, out);
		return;
	}
	must(lib()->EVP_DigestFinal_ex(hasher->context, out, NULL));
	must(lib()->EVP_DigestInit_ex2(hasher->context, lib()->sha256, NULL));
}

char *smith_hasher_finish(SmithHasher *hasher)
{
	guint8 raw[SMITH_SHA256_SIZE];
	smith_hasher_finish_raw(hasher, raw);
	return sha256_digest(raw);
}

void smith_hasher_free(SmithHasher *hasher)
{
	if (hasher == NULL)
		return;
	if (hasher->context != NULL)
		lib()->EVP_MD_CTX_free(hasher->context);
	g_byte_array_unref(hasher->first);
	g_free(hasher);
}
