/* A failing disk, for tests: an LD_PRELOAD library that answers EIO to writes and syncs of the database and of its log
 * while a file is there.
 *
 * FAILING_WRITE  while this file exists, writes fail
 * FAILING_SYNC   while this file exists, syncs fail
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(int fd, const char *variable) {
    const char *flag = getenv(variable);
    if (!flag || access(flag, F_OK)) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, "/callboard.db") || strstr(path, "-shm")) return 0;
    errno = EIO;
    return 1;
}

static void *real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    if (fails(fd, "FAILING_WRITE")) return -1;
    return ((ssize_t (*)(int, const void *, size_t, off64_t))real("pwrite64"))(fd, bytes, length, at);
}

int fdatasync(int fd) {
    if (fails(fd, "FAILING_SYNC")) return -1;
    return ((int (*)(int))real("fdatasync"))(fd);
}

int fsync(int fd) {
    if (fails(fd, "FAILING_SYNC")) return -1;
    return ((int (*)(int))real("fsync"))(fd);
}
