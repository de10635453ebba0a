/* Preloaded into a process, logs what it does to files named like the journal: writes, truncations, syncs, removals.
 *
 * One record: a byte for the kind (W T S U), then as little-endian 64-bit numbers the lengths of path and data and the
 * offset, then path and data. The log is the file named by IO_LOG; the process may append records of its own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int log_fd = -1;

static void record(char kind, const char *path, int64_t offset, const void *data, int64_t size) {
    static ssize_t (*real_write)(int, const void *, size_t);
    if (!strstr(path, "journal.sqlite") || strstr(path, "-shm")) return;
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    if (log_fd < 0) {
        const char *name = getenv("IO_LOG");
        if (!name) return;
        log_fd = open(name, O_WRONLY | O_APPEND | O_CREAT, 0600);
    }
    int64_t head[3] = {(int64_t)strlen(path), size, offset};
    size_t total = 1 + sizeof head + head[0] + size;
    char *buffer = malloc(total);
    buffer[0] = kind;
    memcpy(buffer + 1, head, sizeof head);
    memcpy(buffer + 1 + sizeof head, path, head[0]);
    if (size) memcpy(buffer + 1 + sizeof head + head[0], data, size);
    if (real_write(log_fd, buffer, total) != (ssize_t)total) abort();
    free(buffer);
}

static void record_fd(char kind, int fd, int64_t offset, const void *data, int64_t size) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    record(kind, path, offset, data, size);
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = dlsym(RTLD_NEXT, name)

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    record_fd('W', fd, offset, data, size);
    return real(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
    record_fd('W', fd, offset, data, size);
    return real(fd, data, size, offset);
}
ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    record_fd('W', fd, lseek(fd, 0, SEEK_CUR), data, size);
    return real(fd, data, size);
}
int ftruncate(int fd, off_t size) {
    REAL(int, "ftruncate", int, off_t);
    record_fd('T', fd, size, NULL, 0);
    return real(fd, size);
}
int ftruncate64(int fd, off_t size) {
    REAL(int, "ftruncate64", int, off_t);
    record_fd('T', fd, size, NULL, 0);
    return real(fd, size);
}
int fsync(int fd) {
    REAL(int, "fsync", int);
    int result = real(fd);
    record_fd('S', fd, 0, NULL, 0);
    return result;
}
int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    int result = real(fd);
    record_fd('S', fd, 0, NULL, 0);
    return result;
}
int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    record('U', path, 0, NULL, 0);
    return real(path);
}
