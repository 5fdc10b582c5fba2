/* Power loss, for tests: an LD_PRELOAD library that keeps a second copy of the files of one directory as the disk has
 * them, which is what was written before each file's last fdatasync or fsync, and kills the process at a given number
 * of writes and syncs.
 *
 * A disk may have written some of what it was not asked to sync, in any order. So at the loss the copy is given a part
 * of it, by whole sectors, which a disk writes wholly or not at all: each sector by chance, in a proportion that is
 * drawn too, from nothing to all.
 *
 * POWER_DIRECTORY  the directory whose files are followed
 * POWER_DISK       where the copy is kept; it holds the directory's content when the process starts
 * POWER_LOSS_AT    kills at this write or sync, counted from 1; 0 never
 * POWER_SEED       what the chances are drawn from; 0 or nothing: nothing is kept that was not synced
 *
 * What it leaves out: the shared-memory file of a write-ahead log, which no database needs after a power loss. The name
 * of a new file becomes durable with the file's first sync, as journalling file systems do it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES_MAX 4096
#define SECTOR 512
/* The proportion of sectors that are kept is one of 0, 1/4, 2/4, 3/4 and 1. */
#define PROPORTIONS 5
#define RANGES_MAX 65536

struct range { off_t from, to; };

struct followed {
    char *name; /* below the directory */
    struct range *ranges;
    size_t count;
    int all; /* too many ranges: the whole file */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct followed *of[FILES_MAX];      /* by descriptor */
static struct followed *known[FILES_MAX];   /* by name */
static size_t known_count;
static long operations;

static void *real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

static const char *below(const char *path) {
    const char *directory = getenv("POWER_DIRECTORY");
    size_t length = directory ? strlen(directory) : 0;
    if (!length || strncmp(path, directory, length) || path[length] != '/') return NULL;
    const char *name = path + length + 1;
    size_t size = strlen(name);
    if (size >= 4 && !strcmp(name + size - 4, "-shm")) return NULL;
    return name;
}

static struct followed *named(const char *name) {
    for (size_t i = 0; i < known_count; i++)
        if (!strcmp(known[i]->name, name)) return known[i];
    if (known_count == FILES_MAX) abort();
    struct followed *file = calloc(1, sizeof *file);
    file->name = strdup(name);
    file->ranges = calloc(RANGES_MAX, sizeof *file->ranges);
    return known[known_count++] = file;
}

static void path_on_disk(char *path, const char *name) {
    if (snprintf(path, PATH_MAX, "%s/%s", getenv("POWER_DISK"), name) >= PATH_MAX) abort();
}

static void opened(int fd, const char *path) {
    char full[PATH_MAX];
    if (fd < 0 || fd >= FILES_MAX || !realpath(path, full)) return;
    const char *name = below(full);
    pthread_mutex_lock(&lock);
    of[fd] = name ? named(name) : NULL;
    pthread_mutex_unlock(&lock);
}

static struct followed *followed(int fd) { return fd >= 0 && fd < FILES_MAX ? of[fd] : NULL; }

static void wrote(struct followed *file, off_t from, ssize_t length) {
    if (length <= 0) return;
    if (file->count == RANGES_MAX) file->all = 1;
    if (!file->all) file->ranges[file->count++] = (struct range){from, from + length};
}

/* The functions of the C library: ours would wait for the lock that is held. */
static int (*open_file)(const char *, int, ...);
static int (*close_file)(int);
static ssize_t (*write_at)(int, const void *, size_t, off_t);
static int (*cut)(int, off_t);

__attribute__((constructor)) static void find_functions(void) {
    open_file = real("open64"), close_file = real("close");
    write_at = real("pwrite64"), cut = real("ftruncate64");
}

/* The copy of a file, to be written. */
static int open_copy(const struct followed *file) {
    char path[PATH_MAX];
    path_on_disk(path, file->name);
    int copy = open_file(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (copy < 0) abort();
    return copy;
}

/* What was written since the last sync. */
static size_t unsynced(const struct followed *file, struct range *whole, const struct range **ranges) {
    *ranges = file->all ? whole : file->ranges;
    return file->all ? 1 : file->count;
}

static void copy_range(int from, int copy, struct range range) {
    static char buffer[1 << 16];
    for (off_t at = range.from; at < range.to;) {
        size_t want = range.to - at < (off_t)sizeof buffer ? (size_t)(range.to - at) : sizeof buffer;
        ssize_t got = pread(from, buffer, want, at);
        if (got < 0) abort();
        if (got == 0) break;
        if (write_at(copy, buffer, got, at) != got) abort();
        at += got;
    }
}

/* Brings the copy of a file up to what the file holds now. */
static void synced(int fd, struct followed *file) {
    struct stat now;
    if (fstat(fd, &now)) abort();
    int copy = open_copy(file);
    struct range whole = {0, now.st_size};
    const struct range *ranges;
    size_t number = unsynced(file, &whole, &ranges);
    for (size_t i = 0; i < number; i++) copy_range(fd, copy, ranges[i]);
    if (cut(copy, now.st_size)) abort();
    close_file(copy);
    file->count = 0;
    file->all = 0;
}

/* A number that looks random and is the same for the same input (the finalizer of splitmix64). */
static uint64_t mixed(uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

/* Gives the copies a part of what was not synced. A sector that was written twice is judged once, by its number. */
static void keep_some(void) {
    const char *given = getenv("POWER_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 0;
    if (!seed) return;
    uint64_t proportion = mixed(seed) % PROPORTIONS;
    for (size_t i = 0; i < known_count; i++) {
        struct followed *file = known[i];
        if (!file->count && !file->all) continue;
        char path[PATH_MAX];
        if (snprintf(path, PATH_MAX, "%s/%s", getenv("POWER_DIRECTORY"), file->name) >= PATH_MAX) abort();
        struct stat now;
        int fd = open_file(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue; /* it was unlinked */
        if (fstat(fd, &now)) abort();
        int copy = open_copy(file);
        struct range whole = {0, now.st_size};
        const struct range *ranges;
        size_t number = unsynced(file, &whole, &ranges);
        for (size_t r = 0; r < number; r++) {
            for (off_t sector = ranges[r].from / SECTOR; sector * SECTOR < ranges[r].to; sector++)
                if (mixed(seed ^ mixed(i << 48 | (uint64_t)sector)) % (PROPORTIONS - 1) < proportion)
                    copy_range(fd, copy, (struct range){sector * SECTOR, (sector + 1) * SECTOR});
        }
        close_file(copy);
        close_file(fd);
    }
}

/* Counts an operation; the chosen one does not happen any more. */
static void count(void) {
    const char *at = getenv("POWER_LOSS_AT");
    if (++operations == (at ? atol(at) : 0)) {
        keep_some();
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

#define OPEN(function)                                                         \
    int function(const char *path, int flags, ...) {                           \
        static int (*next)(const char *, int, ...);                            \
        if (!next) next = real(#function);                                     \
        va_list arguments;                                                     \
        va_start(arguments, flags);                                            \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0; \
        va_end(arguments);                                                     \
        int fd = next(path, flags, mode);                                      \
        opened(fd, path);                                                      \
        return fd;                                                             \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    static int (*next)(int);
    if (!next) next = real("close");
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < FILES_MAX) of[fd] = NULL;
    pthread_mutex_unlock(&lock);
    return next(fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    static ssize_t (*next)(int, const void *, size_t);
    if (!next) next = real("write");
    if (!followed(fd)) return next(fd, bytes, length);
    pthread_mutex_lock(&lock);
    count();
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = next(fd, bytes, length);
    if (of[fd]) wrote(of[fd], at, done);
    pthread_mutex_unlock(&lock);
    return done;
}

#define PWRITE(function, offset)                                               \
    ssize_t function(int fd, const void *bytes, size_t length, offset at) {    \
        static ssize_t (*next)(int, const void *, size_t, offset);             \
        if (!next) next = real(#function);                                     \
        if (!followed(fd)) return next(fd, bytes, length, at);                 \
        pthread_mutex_lock(&lock);                                             \
        count();                                                               \
        ssize_t done = next(fd, bytes, length, at);                            \
        if (of[fd]) wrote(of[fd], at, done);                                   \
        pthread_mutex_unlock(&lock);                                           \
        return done;                                                           \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SYNC(function)                                                         \
    int function(int fd) {                                                     \
        static int (*next)(int);                                               \
        if (!next) next = real(#function);                                     \
        if (!followed(fd)) return next(fd);                                    \
        pthread_mutex_lock(&lock);                                             \
        count();                                                               \
        struct followed *file = of[fd];                                        \
        if (file) synced(fd, file);                                            \
        pthread_mutex_unlock(&lock);                                           \
        return 0; /* the copy is the disk: the real one is spared the wait */  \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    static int (*next)(const char *);
    if (!next) next = real("unlink");
    char full[PATH_MAX], copy[PATH_MAX];
    const char *name = realpath(path, full) ? below(full) : NULL;
    if (name) {
        pthread_mutex_lock(&lock);
        count();
        path_on_disk(copy, name);
        next(copy);
        struct followed *file = named(name);
        file->count = 0, file->all = 0;
        pthread_mutex_unlock(&lock);
    }
    return next(path);
}

/* Durable at once, like unlink: the more dangerous order, since what was written before may not be. */
int rename(const char *from, const char *to) {
    static int (*next)(const char *, const char *);
    if (!next) next = real("rename");
    char full[PATH_MAX], old[PATH_MAX], new[PATH_MAX];
    const char *name = realpath(from, full) ? below(full) : NULL;
    if (!name) return next(from, to);
    pthread_mutex_lock(&lock);
    count();
    path_on_disk(old, name);
    int done = next(from, to);
    char full_new[PATH_MAX];
    const char *renamed = !done && realpath(to, full_new) ? below(full_new) : NULL;
    if (renamed) {
        path_on_disk(new, renamed);
        next(old, new);
        struct followed *moved = named(name), *replaced = named(renamed);
        char *old_name = moved->name;
        moved->name = replaced->name, replaced->name = old_name;
        replaced->count = 0, replaced->all = 0;
    }
    pthread_mutex_unlock(&lock);
    return done;
}
