/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"

struct SmithHasher {
	EVP_MD_CTX *context;
};

/* EVP calls with a fetched algorithm and plain memory fail only for want of memory. */
static void must(int result)
{
	g_assert(result == 1);
}

/* A fetch walks the providers, which costs more than hashing a small file: once is enough. */
static gpointer fetch_sha256(G_GNUC_UNUSED gpointer data)
{
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
	g_assert(md != NULL);
	return md;
}

static const EVP_MD *sha256(void)
{
	static GOnce once = G_ONCE_INIT;
	return g_once(&once, fetch_sha256, NULL);
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
	guint8 raw[SMITH_SHA256_SIZE];
	must(EVP_Digest(data, length, raw, NULL, sha256(), NULL));
	return sha256_digest(raw);
}

SmithHasher *smith_hasher_new(void)
{
	SmithHasher *hasher = g_new0(SmithHasher, 1);
	hasher->context = EVP_MD_CTX_new();
	g_assert(hasher->context != NULL);
	must(EVP_DigestInit_ex2(hasher->context, sha256(), NULL));
	return hasher;
}

void smith_hasher_update(SmithHasher *hasher, const void *data, gsize length)
{
	must(EVP_DigestUpdate(hasher->context, data, length));
}

void smith_hasher_finish_raw(SmithHasher *hasher, guint8 out[SMITH_SHA256_SIZE])
{
	must(EVP_DigestFinal_ex(hasher->context, out, NULL));
	must(EVP_DigestInit_ex2(hasher->context, sha256(), NULL));
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
	EVP_MD_CTX_free(hasher->context);
	g_free(hasher);
}
