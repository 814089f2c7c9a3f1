/* Preloaded into a process: counts the system calls that change files below one folder, and at the n-th of them kills
   the process, interrupts it, or tells it that the disk is full. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { HALF = 1, NO_EXCHANGE = 2, FULL = 4, INTERRUPT = 8 };
#define MOST 100000

static char watched[PATH_MAX];
static long at, count;
static int mode;
static char kinds[MOST]; /* what the n-th call was, by the first letter of its name */

void kills_arm(const char *folder, long when, int how) {
    snprintf(watched, sizeof watched, "%s", folder);
    at = when, mode = how, count = 0;
}

long kills_count(void) { return count; }

void kills_disarm(void) { watched[0] = 0; }

const char *kills_kinds(void) { return kinds; }

static int is_watched(int folder, const char *path) {
    char whole[2 * PATH_MAX], link[64];
    ssize_t length = 0;
    if (!watched[0]) return 0;
    if (path == NULL || path[0] != '/') {
        if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = readlink(link, whole, PATH_MAX);
        if (length < 0) return 0;
        if (path != NULL) whole[length++] = '/';
    }
    snprintf(whole + length, PATH_MAX, "%s", path == NULL ? "" : path);
    return strncmp(whole, watched, strlen(watched)) == 0;
}

/* Count a call; return whether it is the one. A kill before it is done here. */
static int is_due(char kind) {
    long number = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    if (number < MOST) kinds[number] = kind;
    if (number != at) return 0;
    if (mode & INTERRUPT) kill(getpid(), SIGINT);
    else if (!(mode & (HALF | FULL))) kill(getpid(), SIGKILL);
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (real == NULL) real = dlsym(RTLD_NEXT, #name)

static int is_full(void) { return (mode & FULL) && at && count >= at; }

#define WRITES(name, buffer_type, offset_parameter, offset_argument) \
    ssize_t name(int file, buffer_type data, size_t length offset_parameter) { \
        REAL(ssize_t, name, int, buffer_type, size_t offset_parameter); \
        if (!is_watched(file, NULL)) return real(file, data, length offset_argument); \
        int due = is_due('w'); \
        if (is_full()) { errno = ENOSPC; return -1; } \
        if (due && (mode & HALF)) { real(file, data, length / 2 offset_argument); kill(getpid(), SIGKILL); } \
        return real(file, data, length offset_argument); \
    }
#define COMMA_OFFSET , off_t offset
#define COMMA_OFFSET_ARGUMENT , offset
WRITES(write, const void *, , )
WRITES(pwrite, const void *, COMMA_OFFSET, COMMA_OFFSET_ARGUMENT)
WRITES(pwrite64, const void *, COMMA_OFFSET, COMMA_OFFSET_ARGUMENT)

ssize_t writev(int file, const struct iovec *parts, int length) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (is_watched(file, NULL)) is_due('w');
    return real(file, parts, length);
}

#define OPENS(name, leading, place, ...) \
    int name(leading const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t permissions = va_arg(rest, mode_t); \
        va_end(rest); \
        static int (*real)(leading const char *, int, ...); \
        if (real == NULL) real = dlsym(RTLD_NEXT, #name); \
        if ((flags & (O_CREAT | O_TRUNC)) && is_watched(place, path)) is_due('o'); \
        return real(__VA_ARGS__ path, flags, permissions); \
    }
#define FOLDER int folder,
#define FOLDER_ARGUMENT folder,
OPENS(open, , AT_FDCWD, )
OPENS(open64, , AT_FDCWD, )
OPENS(openat, FOLDER, folder, FOLDER_ARGUMENT)
OPENS(openat64, FOLDER, folder, FOLDER_ARGUMENT)

#define CHANGES(kind, name, watch, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        if (real == NULL) real = dlsym(RTLD_NEXT, #name); \
        if (watch) is_due(kind); \
        return real arguments; \
    }
CHANGES('r', rename, is_watched(AT_FDCWD, b), (const char *a, const char *b), (a, b))
CHANGES('r', renameat, is_watched(t, b), (int f, const char *a, int t, const char *b), (f, a, t, b))
CHANGES('l', link, is_watched(AT_FDCWD, b), (const char *a, const char *b), (a, b))
CHANGES('l', linkat, is_watched(t, b), (int f, const char *a, int t, const char *b, int g), (f, a, t, b, g))
CHANGES('s', symlink, is_watched(AT_FDCWD, b), (const char *a, const char *b), (a, b))
CHANGES('s', symlinkat, is_watched(t, b), (const char *a, int t, const char *b), (a, t, b))
CHANGES('u', unlink, is_watched(AT_FDCWD, a), (const char *a), (a))
CHANGES('u', unlinkat, is_watched(f, a), (int f, const char *a, int g), (f, a, g))
CHANGES('d', rmdir, is_watched(AT_FDCWD, a), (const char *a), (a))
CHANGES('m', mkdir, is_watched(AT_FDCWD, a), (const char *a, mode_t m), (a, m))
CHANGES('m', mkdirat, is_watched(f, a), (int f, const char *a, mode_t m), (f, a, m))
CHANGES('t', truncate, is_watched(AT_FDCWD, a), (const char *a, off_t n), (a, n))
CHANGES('t', truncate64, is_watched(AT_FDCWD, a), (const char *a, off_t n), (a, n))
CHANGES('t', ftruncate, is_watched(f, NULL), (int f, off_t n), (f, n))
CHANGES('t', ftruncate64, is_watched(f, NULL), (int f, off_t n), (f, n))
CHANGES('f', fsync, is_watched(f, NULL), (int f), (f))
CHANGES('f', fdatasync, is_watched(f, NULL), (int f), (f))
CHANGES('c', chmod, is_watched(AT_FDCWD, a), (const char *a, mode_t m), (a, m))
CHANGES('c', fchmodat, is_watched(f, a), (int f, const char *a, mode_t m, int g), (f, a, m, g))
CHANGES('c', chown, is_watched(AT_FDCWD, a), (const char *a, uid_t u, gid_t g), (a, u, g))
CHANGES('c', utimensat, is_watched(f, a), (int f, const char *a, const struct timespec t[2], int g), (f, a, t, g))

int renameat2(int f, const char *a, int t, const char *b, unsigned flags) {
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    if (is_watched(t, b)) is_due('x');
    if (flags && (mode & NO_EXCHANGE)) { errno = EINVAL; return -1; }
    return real(f, a, t, b, flags);
}
