/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another machine for one process: LD_PRELOAD=otherhost.so shows it directories in another order,
 * another time and another host name. For tests that no such thing reaches an output.
 *
 *   OTHERHOST_ORDER=N   the order of directory entries, by a hash of their names and N; -1 reverses
 *   OTHERHOST_CLOCK=N   CLOCK_REALTIME is N seconds ahead
 *   OTHERHOST_LOG=FILE  a line for each directory that is read is appended to FILE
 *
 * uname() and gethostname() say "otherhost" always.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Directories that are being read: their entries, in the order in which they are shown. */
typedef struct Listing {
	struct Listing *next;
	DIR *dir;
	struct dirent **entries;
	size_t count;
	size_t at;
} Listing;

static Listing *listings;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct dirent *readdir(DIR *dir);
struct dirent64 *readdir64(DIR *dir);
int closedir(DIR *dir);
int clock_gettime(clockid_t id, struct timespec *now);
int gettimeofday(struct timeval *now, void *zone);
time_t time(time_t *now);
int uname(struct utsname *name);
int gethostname(char *name, size_t size);

static void find(const char *name, void *real)
{
	/* ISO C has no cast from an object's pointer to a function's */
	void *symbol = dlsym(RTLD_NEXT, name);
	memcpy(real, &symbol, sizeof symbol);
}

static long number(const char *variable)
{
	const char *text = getenv(variable);
	return text == NULL ? 0 : strtol(text, NULL, 10);
}

static void tell(const char *what)
{
	const char *path = getenv("OTHERHOST_LOG");
	if (path == NULL)
		return;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, what, strlen(what)) < 0)
		abort();
	close(fd);
}

static uint64_t rank(const char *name)
{
	uint64_t hash = 14695981039346656037u ^ (uint64_t)number("OTHERHOST_ORDER");
	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	return hash ^ hash >> 29;
}

static int compare(const void *a, const void *b)
{
	const struct dirent *const *x = a;
	const struct dirent *const *y = b;
	uint64_t p = rank((*x)->d_name);
	uint64_t q = rank((*y)->d_name);
	if (number("OTHERHOST_ORDER") < 0)
		return strcmp((*y)->d_name, (*x)->d_name);
	return (p > q) - (p < q);
}

static Listing *list(DIR *dir)
{
	struct dirent *(*real)(DIR *) = NULL;
	Listing *listing = calloc(1, sizeof *listing);
	struct dirent *entry;

	find("readdir", &real);
	tell("readdir\n");
	listing->dir = dir;
	while ((entry = real(dir)) != NULL) {
		listing->entries = reallocarray(listing->entries, listing->count + 1, sizeof entry);
		listing->entries[listing->count] = calloc(1, sizeof *entry);
		memcpy(listing->entries[listing->count++], entry, entry->d_reclen);
	}
	if (listing->count > 0)
		qsort(listing->entries, listing->count, sizeof *listing->entries, compare);
	listing->next = listings;
	listings = listing;
	return listing;
}

struct dirent *readdir(DIR *dir)
{
	struct dirent *entry = NULL;

	pthread_mutex_lock(&lock);
	Listing *listing = listings;
	while (listing != NULL && listing->dir != dir)
		listing = listing->next;
	if (listing == NULL)
		listing = list(dir);
	if (listing->at < listing->count)
		entry = listing->entries[listing->at++];
	pthread_mutex_unlock(&lock);
	errno = 0;
	return entry;
}

struct dirent64 *readdir64(DIR *dir)
{
	/* the same structure on 64-bit systems, which are all that is tested */
	_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "64-bit dirent");
	return (struct dirent64 *)readdir(dir);
}

int closedir(DIR *dir)
{
	int (*real)(DIR *) = NULL;
	find("closedir", &real);

	pthread_mutex_lock(&lock);
	for (Listing **at = &listings; *at != NULL; at = &(*at)->next) {
		Listing *listing = *at;
		if (listing->dir != dir)
			continue;
		*at = listing->next;
		for (size_t i = 0; i < listing->count; i++)
			free(listing->entries[i]);
		free(listing->entries);
		free(listing);
		break;
	}
	pthread_mutex_unlock(&lock);
	return real(dir);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int (*real)(clockid_t, struct timespec *) = NULL;
	find("clock_gettime", &real);
	int result = real(id, now);
	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		now->tv_sec += number("OTHERHOST_CLOCK");
	return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
	struct timespec ts;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	now->tv_sec = ts.tv_sec;
	now->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *now)
{
	struct timespec ts;
	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	if (now != NULL)
		*now = ts.tv_sec;
	return ts.tv_sec;
}

int uname(struct utsname *name)
{
	int (*real)(struct utsname *) = NULL;
	find("uname", &real);
	int result = real(name);
	if (result == 0)
		strcpy(name->nodename, "otherhost");
	return result;
}

int gethostname(char *name, size_t size)
{
	if (size < sizeof "otherhost") {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, "otherhost", sizeof "otherhost");
	return 0;
}
