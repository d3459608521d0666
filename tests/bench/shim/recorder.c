/* Records what a process does to the files below one folder, in the order in which it did it.
 *
 * Loaded with LD_PRELOAD. Every write, truncation, creation, removal, renaming and synchronisation of a file
 * below RECORDER_FOLDER is appended to the journal RECORDER_JOURNAL; the real call is made as well, so the
 * process and the kernel see nothing unusual. `disk.py` reads the journal after the process was killed and
 * makes the image that a machine's crash would have left.
 *
 * Order. A change is noted after the real call, before the caller learns of it. A synchronisation is noted
 * twice, as begun before and as done after the real call: it covers what was noted before it began, and it
 * counts only when it is done. An append of one writev with O_APPEND is atomic, so several processes (those
 * of a database) may share a journal.
 *
 * RECORDER_CONTROL is a file of five 32-bit numbers, mapped and shared with the benchmark:
 *   [0] synchronisations left before the process stands still for good (0: never), [1] 1: as that one begins,
 *   2: after it is done and before the caller knows, [2] microseconds that each synchronisation takes longer
 *   (a slow disk), [3] synchronisations so far, [4] 1 when the process stands still and waits to be killed.
 * RECORDER_LIE=1: a synchronisation does nothing and is not noted (a disk or a hub that lies; for the proof
 * that the benchmark notices).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OP_WRITE = 1, OP_TRUNCATE, OP_CREATE, OP_UNLINK, OP_RENAME, OP_SYNC_BEGIN, OP_SYNC_DONE, OP_EXTEND, OP_MKDIR, OP_RMDIR, OP_LINK };

struct record {
    uint32_t magic, op;
    uint64_t inode, offset, length; /* length of the data that follow the paths */
    uint32_t token;                 /* pairs the two notes of one synchronisation */
    uint16_t path, other;           /* lengths of the paths that follow */
};

#define MAGIC 0x53464a31u
#define MAX_FD 4096

static char folder[PATH_MAX];
static size_t folder_length;
static int journal = -1, lies;
static volatile uint32_t *control;
static struct { char known; dev_t device; ino_t inode; } table[MAX_FD]; /* known: 0 not asked, 1 ours, 2 not ours */
static uint32_t tokens;

#define REAL(type, name, ...) static type (*real_##name)(__VA_ARGS__)
REAL(ssize_t, write, int, const void *, size_t);
REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
REAL(ssize_t, writev, int, const struct iovec *, int);
REAL(ssize_t, pwritev64, int, const struct iovec *, int, off64_t);
REAL(int, ftruncate64, int, off64_t);
REAL(int, truncate64, const char *, off64_t);
REAL(int, fsync, int);
REAL(int, fdatasync, int);
REAL(int, open64, const char *, int, ...);
REAL(int, openat64, int, const char *, int, ...);
REAL(int, close, int);
REAL(int, dup2, int, int);
REAL(int, dup3, int, int, int);
REAL(int, unlink, const char *);
REAL(int, unlinkat, int, const char *, int);
REAL(int, rename, const char *, const char *);
REAL(int, renameat, int, const char *, int, const char *);
REAL(int, renameat2, int, const char *, int, const char *, unsigned);
REAL(int, link, const char *, const char *);
REAL(int, mkdir, const char *, mode_t);
REAL(int, rmdir, const char *);
REAL(int, posix_fallocate64, int, off64_t, off64_t);
REAL(int, fallocate64, int, int, off64_t, off64_t);

__attribute__((constructor)) static void begin(void) {
#define FIND(name) if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)
    FIND(write); FIND(pwrite64); FIND(writev); FIND(pwritev64); FIND(ftruncate64); FIND(truncate64);
    FIND(fsync); FIND(fdatasync); FIND(open64); FIND(openat64); FIND(close); FIND(dup2); FIND(dup3);
    FIND(unlink); FIND(unlinkat); FIND(rename); FIND(renameat); FIND(renameat2); FIND(link); FIND(mkdir);
    FIND(rmdir); FIND(posix_fallocate64); FIND(fallocate64);
    const char *f = getenv("RECORDER_FOLDER"), *j = getenv("RECORDER_JOURNAL"), *c = getenv("RECORDER_CONTROL");
    if (journal >= 0 || !f || !j || !realpath(f, folder)) return;
    folder_length = strlen(folder);
    lies = getenv("RECORDER_LIE") != NULL;
    int fd = real_open64(j, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return;
    /* Far from the numbers that a server closes wholesale or expects to be small. */
    journal = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    real_close(fd);
    if (c && (fd = real_open64(c, O_RDWR | O_CLOEXEC)) >= 0) {
        void *shared = mmap(NULL, 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (shared != MAP_FAILED) control = shared;
        real_close(fd);
    }
}

static void note(uint32_t op, uint64_t inode, uint64_t offset, uint32_t token, const char *path, const char *other,
                 const struct iovec *data, int count) {
    if (journal < 0) return;
    int saved = errno;
    struct record r = {MAGIC, op, inode, offset, 0, token, path ? strlen(path) : 0, other ? strlen(other) : 0};
    struct iovec out[3 + count];
    int n = 0;
    out[n++] = (struct iovec){&r, sizeof r};
    if (path) out[n++] = (struct iovec){(void *)path, r.path};
    if (other) out[n++] = (struct iovec){(void *)other, r.other};
    for (int i = 0; i < count; i++) {
        r.length += data[i].iov_len;
        out[n++] = data[i];
    }
    /* A note that is lost would make the image wrong without anybody knowing. */
    size_t whole = sizeof r + r.path + r.other + r.length;
    if (real_writev(journal, out, n) != (ssize_t)whole) {
        fprintf(stderr, "recorder: the journal cannot be written\n");
        abort();
    }
    errno = saved;
}

/* Whether a descriptor is a regular file or a folder of ours; its inode if so. */
static int ours(int fd, uint64_t *inode) {
    if (journal < 0 || fd < 0 || fd >= MAX_FD || fd == journal) return 0;
    if (table[fd].known == 2) return 0;
    struct stat64 s;
    int saved = errno;
    if (fstat64(fd, &s) != 0) { errno = saved; return 0; }
    if (table[fd].known == 1 && table[fd].inode == s.st_ino && table[fd].device == s.st_dev) {
        *inode = s.st_ino;
        errno = saved;
        return 1;
    }
    table[fd].known = 2;
    if (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)) {
        char name[40], path[PATH_MAX];
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(name, path, sizeof path - 1);
        if (length > 0) {
            path[length] = 0;
            if (!strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length])) {
                table[fd].known = 1;
                table[fd].inode = s.st_ino;
                table[fd].device = s.st_dev;
            }
        }
    }
    *inode = s.st_ino;
    errno = saved;
    return table[fd].known == 1;
}

static void forget(int fd) {
    if (fd >= 0 && fd < MAX_FD) table[fd].known = 0;
}

/* The path below the folder, without links in its way; NULL when it is not ours. The last part need not exist. */
static const char *below(int at, const char *path, char *out) {
    if (journal < 0 || !path) return NULL;
    int saved = errno;
    char whole[PATH_MAX], parent[PATH_MAX];
    if (path[0] == '/') {
        if (strlen(path) >= sizeof whole) return NULL;
        strcpy(whole, path);
    } else {
        char base[PATH_MAX];
        if (at == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) { errno = saved; return NULL; }
        } else {
            char name[40];
            snprintf(name, sizeof name, "/proc/self/fd/%d", at);
            ssize_t length = readlink(name, base, sizeof base - 1);
            if (length <= 0) { errno = saved; return NULL; }
            base[length] = 0;
        }
        if ((size_t)snprintf(whole, sizeof whole, "%s/%s", base, path) >= sizeof whole) return NULL;
    }
    char *last = strrchr(whole, '/');
    const char *name = last + 1;
    if (last == whole) { errno = saved; return NULL; }
    *last = 0;
    if (!realpath(whole, parent)) { errno = saved; return NULL; }
    errno = saved;
    if (strncmp(parent, folder, folder_length) || (parent[folder_length] != '/' && parent[folder_length])) return NULL;
    if ((size_t)snprintf(out, PATH_MAX, "%s%s%s", parent + folder_length + (parent[folder_length] == '/'),
                         parent[folder_length] ? "/" : "", name) >= PATH_MAX) return NULL;
    return out;
}

/* ------------------------------------------------------------------ writing */

static void wrote(int fd, uint64_t offset, const struct iovec *data, int count, size_t done) {
    uint64_t inode;
    if (!ours(fd, &inode)) return;
    struct iovec part[count];
    int n = 0;
    for (; n < count && done; n++) {
        part[n] = data[n];
        if (part[n].iov_len > done) part[n].iov_len = done;
        done -= part[n].iov_len;
    }
    note(OP_WRITE, inode, offset, 0, NULL, NULL, part, n);
}

ssize_t write(int fd, const void *data, size_t length) {
    if (!real_write) begin();
    ssize_t done = real_write(fd, data, length);
    uint64_t inode;
    if (done > 0 && ours(fd, &inode)) {
        off64_t end = lseek64(fd, 0, SEEK_CUR);
        struct iovec one = {(void *)data, done};
        wrote(fd, end - done, &one, 1, done);
    }
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    if (!real_pwrite64) begin();
    ssize_t done = real_pwrite64(fd, data, length, offset);
    if (done > 0) {
        struct iovec one = {(void *)data, done};
        wrote(fd, offset, &one, 1, done);
    }
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

ssize_t writev(int fd, const struct iovec *data, int count) {
    if (!real_writev) begin();
    ssize_t done = real_writev(fd, data, count);
    uint64_t inode;
    if (done > 0 && ours(fd, &inode)) wrote(fd, lseek64(fd, 0, SEEK_CUR) - done, data, count, done);
    return done;
}

ssize_t pwritev64(int fd, const struct iovec *data, int count, off64_t offset) {
    if (!real_pwritev64) begin();
    ssize_t done = real_pwritev64(fd, data, count, offset);
    if (done > 0) wrote(fd, offset, data, count, done);
    return done;
}
ssize_t pwritev(int fd, const struct iovec *data, int count, off_t offset) { return pwritev64(fd, data, count, offset); }

int ftruncate64(int fd, off64_t length) {
    if (!real_ftruncate64) begin();
    int answer = real_ftruncate64(fd, length);
    uint64_t inode;
    if (!answer && ours(fd, &inode)) note(OP_TRUNCATE, inode, length, 0, NULL, NULL, NULL, 0);
    return answer;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int truncate64(const char *path, off64_t length) {
    if (!real_truncate64) begin();
    int answer = real_truncate64(path, length);
    char name[PATH_MAX];
    struct stat64 s;
    if (!answer && below(AT_FDCWD, path, name) && !stat64(path, &s)) note(OP_TRUNCATE, s.st_ino, length, 0, NULL, NULL, NULL, 0);
    return answer;
}
int truncate(const char *path, off_t length) { return truncate64(path, length); }

static void extended(int fd, off64_t end) {
    uint64_t inode;
    if (ours(fd, &inode)) note(OP_EXTEND, inode, end, 0, NULL, NULL, NULL, 0);
}

int posix_fallocate64(int fd, off64_t offset, off64_t length) {
    if (!real_posix_fallocate64) begin();
    int answer = real_posix_fallocate64(fd, offset, length);
    if (!answer) extended(fd, offset + length);
    return answer;
}
int posix_fallocate(int fd, off_t offset, off_t length) { return posix_fallocate64(fd, offset, length); }

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
    if (!real_fallocate64) begin();
    int answer = real_fallocate64(fd, mode, offset, length);
    if (!answer && !mode) extended(fd, offset + length);
    return answer;
}
int fallocate(int fd, int mode, off_t offset, off_t length) { return fallocate64(fd, mode, offset, length); }

/* ------------------------------------------------------------------ synchronising */

/* The moment of the crash: nothing more happens in this process, whoever else still runs. */
static void stand_still(void) {
    __atomic_store_n(&control[4], 1, __ATOMIC_SEQ_CST);
    for (;;) raise(SIGSTOP);
}

static int synchronise(int fd, int (*real)(int)) {
    uint64_t inode;
    if (!ours(fd, &inode)) return real(fd);
    int fatal = 0;
    if (control) {
        __atomic_add_fetch(&control[3], 1, __ATOMIC_SEQ_CST);
        if (control[2]) {
            struct timespec slow = {control[2] / 1000000, control[2] % 1000000 * 1000l};
            nanosleep(&slow, NULL);
        }
        if (control[0] && __atomic_sub_fetch(&control[0], 1, __ATOMIC_SEQ_CST) == 0) fatal = control[1];
    }
    if (fatal == 1) stand_still();
    if (lies) return 0;
    uint32_t token = __atomic_add_fetch(&tokens, 1, __ATOMIC_SEQ_CST) ^ (uint32_t)getpid() << 16;
    note(OP_SYNC_BEGIN, inode, 0, token, NULL, NULL, NULL, 0);
    int answer = real(fd);
    if (!answer) note(OP_SYNC_DONE, inode, 0, token, NULL, NULL, NULL, 0);
    if (fatal == 2) stand_still();
    return answer;
}

int fsync(int fd) {
    if (!real_fsync) begin();
    return synchronise(fd, real_fsync);
}
int fdatasync(int fd) {
    if (!real_fdatasync) begin();
    return synchronise(fd, real_fdatasync);
}

/* ------------------------------------------------------------------ names */

static int opened(int at, const char *path, int flags, mode_t mode) {
    char name[PATH_MAX];
    struct stat64 s;
    int changes = flags & (O_CREAT | O_TRUNC) && !(flags & O_DIRECTORY && flags & O_TMPFILE & ~O_DIRECTORY);
    const char *mine = changes ? below(at, path, name) : NULL;
    int there = mine ? fstatat64(at, path, &s, AT_SYMLINK_NOFOLLOW) == 0 : 1;
    int fd = real_openat64(at, path, flags, mode);
    if (fd >= 0) forget(fd);
    if (fd >= 0 && mine && !fstat64(fd, &s)) {
        if (!there) note(OP_CREATE, s.st_ino, 0, 0, mine, NULL, NULL, 0);
        else if (flags & O_TRUNC) note(OP_TRUNCATE, s.st_ino, 0, 0, NULL, NULL, NULL, 0);
    }
    return fd;
}

#define WITH_MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } \
    if (!real_openat64) begin();

int open64(const char *path, int flags, ...) { WITH_MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open(const char *path, int flags, ...) { WITH_MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { WITH_MODE(flags) return opened(at, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { WITH_MODE(flags) return opened(at, path, flags, mode); }
int creat64(const char *path, mode_t mode) {
    if (!real_openat64) begin();
    return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat(const char *path, mode_t mode) { return creat64(path, mode); }

int close(int fd) {
    if (!real_close) begin();
    if (fd == journal && fd >= 0) return 0;
    forget(fd);
    return real_close(fd);
}
int dup2(int fd, int to) {
    if (!real_dup2) begin();
    forget(to);
    return real_dup2(fd, to);
}
int dup3(int fd, int to, int flags) {
    if (!real_dup3) begin();
    forget(to);
    return real_dup3(fd, to, flags);
}

static int removed(int at, const char *path, int flags, int (*real)(int, const char *, int)) {
    char name[PATH_MAX];
    const char *mine = below(at, path, name);
    struct stat64 s = {0};
    if (mine) fstatat64(at, path, &s, AT_SYMLINK_NOFOLLOW);
    int answer = real(at, path, flags);
    if (!answer && mine) note(flags & AT_REMOVEDIR ? OP_RMDIR : OP_UNLINK, s.st_ino, 0, 0, mine, NULL, NULL, 0);
    return answer;
}
int unlinkat(int at, const char *path, int flags) {
    if (!real_unlinkat) begin();
    return removed(at, path, flags, real_unlinkat);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    if (!real_renameat) begin();
    char a[PATH_MAX], b[PATH_MAX];
    const char *first = below(from, old, a), *second = below(to, new, b);
    struct stat64 s = {0};
    if (first) fstatat64(from, old, &s, AT_SYMLINK_NOFOLLOW);
    int answer = flags ? real_renameat2(from, old, to, new, flags) : real_renameat(from, old, to, new);
    if (!answer && first && second) note(OP_RENAME, s.st_ino, 0, 0, first, second, NULL, 0);
    return answer;
}
int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

int link(const char *old, const char *new) {
    if (!real_link) begin();
    int answer = real_link(old, new);
    char a[PATH_MAX], b[PATH_MAX];
    struct stat64 s;
    if (!answer && below(AT_FDCWD, old, a) && below(AT_FDCWD, new, b) && !stat64(new, &s)) note(OP_LINK, s.st_ino, 0, 0, a, b, NULL, 0);
    return answer;
}

int mkdir(const char *path, mode_t mode) {
    if (!real_mkdir) begin();
    int answer = real_mkdir(path, mode);
    char name[PATH_MAX];
    struct stat64 s;
    if (!answer && below(AT_FDCWD, path, name) && !stat64(path, &s)) note(OP_MKDIR, s.st_ino, 0, 0, name, NULL, NULL, 0);
    return answer;
}
