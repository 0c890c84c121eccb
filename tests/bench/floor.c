/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * floor WORKERS OUT WHEEL...: the machine's floor for wheels to spliced layers.
 *
 * For each wheel what cannot be left out: sha256 of the file, inflate and crc of every member,
 * sha256 of the tar, sha256 of the blob (the wheel's own deflate streams as gzip members between
 * newly deflated headers), and one write of it to OUT. One worker takes a wheel at a time, the
 * largest first. It trusts its input, holds whole files in memory, checks no RECORD, and writes no
 * scripts: a bound for a layer maker, not one.
 */
#define BLOCK 512
#define MAX_WORKERS 64

typedef struct {
	uint8_t *data;
	size_t used, size;
} Buffer;

typedef struct {
	struct libdeflate_decompressor *inflater;
	struct libdeflate_compressor *deflater;
	EVP_MD_CTX *diff;
	Buffer plain, blob;
} Worker;

static char **wheels;
static int n_wheels;
static const char *out;
static atomic_int next_wheel;

static void die(const char *what, const char *name)
{
	fprintf(stderr, "floor: %s '%s'\n", what, name);
	exit(1);
}

static uint32_t get16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static uint8_t *room(Buffer *buffer, size_t length)
{
	if (buffer->size < buffer->used + length) {
		buffer->size = (buffer->used + length) * 3 / 2;
		buffer->data = realloc(buffer->data, buffer->size);
		if (buffer->data == NULL)
			die("no memory for", "buffer");
	}
	return buffer->data + buffer->used;
}

static void member(Buffer *blob, const void *deflated, size_t length, uint32_t crc, uint32_t size)
{
	static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	uint8_t *to = room(blob, sizeof head + length + 8);
	memcpy(to, head, sizeof head);
	memcpy(to + sizeof head, deflated, length);
	put32(to + sizeof head + length, crc);
	put32(to + sizeof head + length + 4, size);
	blob->used += sizeof head + length + 8;
}

/* Headers, padding, and what the wheel does not hold deflated. */
static void compressed_member(Worker *w, const void *data, size_t length)
{
	static _Thread_local Buffer packed;
	size_t bound = libdeflate_deflate_compress_bound(w->deflater, length);
	uint8_t *to = room(&packed, bound);
	size_t used = libdeflate_deflate_compress(w->deflater, data, length, to, bound);
	member(&w->blob, to, used, libdeflate_crc32(0, data, length), (uint32_t)length);
}

static void header(uint8_t block[BLOCK], const char *name, size_t length, uint32_t size)
{
	unsigned sum = 0;
	memset(block, 0, BLOCK);
	memcpy(block, name, length > 100 ? 100 : length);
	memcpy(block + 100, "0000644\0000000000\0000000000", 24);
	snprintf((char *)block + 124, 24, "%011o%c%011o", size, 0, 1);
	memcpy(block + 148, "        0", 9);
	memcpy(block + 257, "ustar\00000", 8);
	memcpy(block + 345, "opt/venv/lib/python3.11/site-packages", 37);
	for (int i = 0; i < BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

/* One file of the wheel; @pending is tar bytes before it, its padding is the next one's. */
static size_t add_file(Worker *w, const uint8_t *zip, const uint8_t *row, uint8_t *pending,
		       size_t used)
{
	static const uint8_t zeros[BLOCK];
	uint32_t method = get16(row + 10), crc = get32(row + 16), packed = get32(row + 20);
	uint32_t size = get32(row + 24), name = get16(row + 28);
	const uint8_t *local = zip + get32(row + 42);
	const uint8_t *data = local + 30 + get16(local + 26) + get16(local + 28), *plain = data;
	size_t padding = -size & (BLOCK - 1);
	if (name > 0 && row[46 + name - 1] == '/')
		return used;
	w->plain.used = 0;
	if (method == 8) {
		uint8_t *to = room(&w->plain, size + 1);
		if (libdeflate_deflate_decompress(w->inflater, data, packed, to, size, NULL) != 0)
			die("cannot inflate", "member");
		plain = to;
	}
	if (libdeflate_crc32(0, plain, size) != crc)
		die("wrong crc of", "member");
	header(pending + used, (const char *)row + 46, name, size);
	used += BLOCK;
	EVP_DigestUpdate(w->diff, pending + used - BLOCK, BLOCK);
	EVP_DigestUpdate(w->diff, plain, size);
	EVP_DigestUpdate(w->diff, zeros, padding);
	compressed_member(w, pending, used);
	if (method == 8 && size > 0)
		member(&w->blob, data, packed, crc, size);
	else if (size > 0)
		compressed_member(w, plain, size);
	memset(pending, 0, padding);
	return padding;
}

static void write_blob(Worker *w)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char path[4096], hex[65];
	EVP_Digest(w->blob.data, w->blob.used, digest, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(path, sizeof path, "%s/%s", out, hex);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	for (size_t done = 0; done < w->blob.used;) {
		ssize_t n = write(fd, w->blob.data + done, w->blob.used - done);
		if (n < 0)
			die("cannot write", path);
		done += (size_t)n;
	}
	close(fd);
}

static void convert(Worker *w, const char *path)
{
	uint8_t digest[EVP_MAX_MD_SIZE], pending[4 * BLOCK] = {0};
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		die("cannot open", path);
	size_t length = (size_t)st.st_size, used = 0;
	uint8_t *zip = mmap(NULL, length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	if (zip == MAP_FAILED || length < 22)
		die("cannot map", path);
	EVP_Digest(zip, length, digest, NULL, EVP_sha256(), NULL);
	EVP_DigestInit_ex(w->diff, EVP_sha256(), NULL);
	w->blob.used = 0;
	const uint8_t *end = zip + length - 22;
	while (end > zip && get32(end) != 0x06054b50)
		end--;
	const uint8_t *row = zip + get32(end + 16);
	for (uint32_t i = get16(end + 10); i > 0; i--) {
		used = add_file(w, zip, row, pending, used);
		row += 46 + get16(row + 28) + get16(row + 30) + get16(row + 32);
	}
	memset(pending + used, 0, 2 * BLOCK);
	EVP_DigestUpdate(w->diff, pending + used, 2 * BLOCK);
	compressed_member(w, pending, used + 2 * BLOCK);
	EVP_DigestFinal_ex(w->diff, digest, NULL);
	write_blob(w);
	munmap(zip, length);
}

static void *work(void *unused)
{
	Worker w = {.inflater = libdeflate_alloc_decompressor(),
		    .deflater = libdeflate_alloc_compressor(1),
		    .diff = EVP_MD_CTX_new()};
	for (int i; (i = next_wheel++) < n_wheels;)
		convert(&w, wheels[i]);
	return unused;
}

static int larger_first(const void *a, const void *b)
{
	struct stat x, y;
	if (stat(*(char *const *)a, &x) < 0 || stat(*(char *const *)b, &y) < 0)
		die("cannot stat", "wheel");
	return (y.st_size > x.st_size) - (y.st_size < x.st_size);
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_WORKERS];
	if (argc < 4)
		return 2;
	int workers = atoi(argv[1]);
	workers = workers < 1 ? 1 : workers > MAX_WORKERS ? MAX_WORKERS : workers;
	out = argv[2];
	wheels = argv + 3;
	n_wheels = argc - 3;
	qsort(wheels, (size_t)n_wheels, sizeof *wheels, larger_first);
	for (int i = 0; i < workers; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			die("cannot make", "thread");
	for (int i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
