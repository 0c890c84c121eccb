/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

/* EVP has to fetch its algorithm: it sets up all of a provider's, reads openssl.cnf, and takes a
 * millisecond of a process whose whole work may be ten. These are the same code without that. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <string.h>

#include "base/error.h"

struct SmithHasher {
	SHA256_CTX context;
};

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
	SHA256_CTX context;
	guint8 raw[SMITH_SHA256_SIZE];
	SHA256_Init(&context);
	SHA256_Update(&context, data, length);
	SHA256_Final(raw, &context);
	return sha256_digest(raw);
}

SmithHasher *smith_hasher_new(void)
{
	SmithHasher *hasher = g_new0(SmithHasher, 1);
	SHA256_Init(&hasher->context);
	return hasher;
}

void smith_hasher_update(SmithHasher *hasher, const void *data, gsize length)
{
	SHA256_Update(&hasher->context, data, length);
}

void smith_hasher_finish_raw(SmithHasher *hasher, guint8 out[SMITH_SHA256_SIZE])
{
	SHA256_Final(out, &hasher->context);
	SHA256_Init(&hasher->context);
}

char *smith_hasher_finish(SmithHasher *hasher)
{
	guint8 raw[SMITH_SHA256_SIZE];
	smith_hasher_finish_raw(hasher, raw);
	return sha256_digest(raw);
}

void smith_hasher_free(SmithHasher *hasher)
{
	g_free(hasher);
}
