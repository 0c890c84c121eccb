/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/oci-probe/names.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_LIMIT (64 * 1024)

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Moves to the next word, how long it is; 0 at the end of the line or before a comment. */
static size_t next_word(const char **at, const char *end)
{
	size_t length = 0;
	while (*at < end && is_space(**at))
		++*at;
	if (*at < end && **at == '#')
		return 0;
	while (*at + length < end && !is_space((*at)[length]))
		length++;
	return length;
}

static bool line_has(const char *at, const char *end, const char *name)
{
	size_t length = next_word(&at, end);
	for (at += length; length > 0; at += length) {
		length = next_word(&at, end);
		if (length == strlen(name) && strncasecmp(at, name, length) == 0)
			return length > 0;
	}
	return false;
}

bool names_find(const char *text, size_t length, const char *name, char *address, size_t size)
{
	const char *end = text + length;
	while (text < end) {
		const char *line = memchr(text, '\n', (size_t)(end - text));
		line = line != NULL ? line : end;
		if (line_has(text, line, name)) {
			size_t word = next_word(&text, line);
			if (word >= size)
				return false;
			memcpy(address, text, word);
			address[word] = '\0';
			return true;
		}
		text = line < end ? line + 1 : end;
	}
	return false;
}

bool names_look_up(const char *name, char *address, size_t size)
{
	static char text[FILE_LIMIT];
	size_t length = 0;
	ssize_t got = 0;
	int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((got = read(fd, text + length, sizeof text - length)) > 0)
		length += (size_t)got;
	close(fd);
	return names_find(text, length, name, address, size);
}
