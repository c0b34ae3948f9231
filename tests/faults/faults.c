/* Stands between the server and the C library (LD_PRELOAD), and makes system calls fail, do less, take long, or end the process.
 *
 * The rules are in a file that the test maps as well (LB_FAULTS): they are in force from one call to the next.
 * Thread: any; a rule's counts are atomic.  Bounds: RULES rules.  What it cannot map, it leaves alone. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RULES = 8, OFF = 0, FAIL = 1, SHORT = 2, LATE = 3, END = 4, WRONG = 5 };

/* tests/kit/syscalls.py writes the same. */
struct rule {
  char call[16];
  char path[48];      /* a part of it; of a descriptor: what /proc/self/fd calls it; "": any */
  char thread[16];    /* "": any */
  _Atomic int32_t kind;
  int32_t value;      /* errno; bytes; milliseconds; a signal to itself, or with a minus a status to end with */
  int32_t every;      /* each so-many-th call; negative: all but those */
  _Atomic int32_t left;
  _Atomic int32_t seen;
  _Atomic int32_t hits;
};

static struct rule* rules;

__attribute__((constructor)) static void map_rules(void) {
  const char* name = getenv("LB_FAULTS");
  int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* found = mmap(NULL, RULES * sizeof *rules, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (found != MAP_FAILED) rules = found;
  close(file);
}

static int is_here(const struct rule* rule, int fd, const char* path) {
  char name[32], target[4096], thread[16] = "";
  if (rule->thread[0]) {
    prctl(PR_GET_NAME, thread);
    if (strncmp(thread, rule->thread, sizeof thread) != 0) return 0;
  }
  if (!rule->path[0]) return 1;
  if (!path && fd >= 0) {
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, target, sizeof target - 1);
    if (length < 0) return 0;
    target[length] = 0;
    path = target;
  }
  return path && strstr(path, rule->path) != NULL;
}

/* Before the call.  After SIGSTOP and SIGCONT it goes on. */
static void end(int32_t how) {
  if (how <= 0) _exit(-how);
  /* To this thread: one that goes to the process may be another thread's, and this one would make its call first. */
  raise(how);
}

/* The rule that this call falls under, which has been counted; of one that makes it late, the time has passed. */
static struct rule* fault(const char* call, int fd, const char* path) {
  for (int i = 0; rules && i < RULES; ++i) {
    struct rule* rule = &rules[i];
    if (atomic_load(&rule->kind) == OFF || strncmp(rule->call, call, sizeof rule->call) != 0) continue;
    int before = errno;
    int here = is_here(rule, fd, path);
    errno = before;
    if (!here) continue;
    int32_t number = atomic_fetch_add(&rule->seen, 1) + 1;
    if (rule->every > 1 && number % rule->every != 0) continue;
    if (rule->every < 0 && number % -rule->every == 0) continue;
    if (atomic_fetch_sub(&rule->left, 1) <= 0) {
      atomic_store(&rule->left, 0);
      continue;
    }
    atomic_fetch_add(&rule->hits, 1);
    if (rule->kind == LATE) {
      struct timespec time = {rule->value / 1000, rule->value % 1000 * 1000000L};
      while (nanosleep(&time, &time) != 0) {
      }
      errno = before;
      return NULL;
    }
    if (rule->kind == END) {
      end(rule->value);
      return NULL;
    }
    return rule;
  }
  return NULL;
}

static int fails(struct rule* rule) {
  if (!rule || rule->kind != FAIL) return 0;
  errno = rule->value;
  return 1;
}

static size_t shorter(struct rule* rule, size_t size) {
  return rule && rule->kind == SHORT && size > (size_t)rule->value ? (size_t)rule->value : size;
}

#define REAL(call)                                          \
  static __typeof__(call)* real;                            \
  if (!real) real = (__typeof__(call)*)dlsym(RTLD_NEXT, #call)
/* A call without a number of bytes. */
#define PLAIN(type, failed, call, parameters, arguments, fd, path) \
  type call parameters {                                           \
    REAL(call);                                                    \
    return fails(fault(#call, fd, path)) ? failed : real arguments; \
  }
/* One with it: `size` is the parameter that has it. */
#define SIZED(call, parameters, arguments, fd)       \
  ssize_t call parameters {                          \
    REAL(call);                                      \
    struct rule* rule = fault(#call, fd, NULL);      \
    if (fails(rule)) return -1;                      \
    size = shorter(rule, size);                      \
    return real arguments;                           \
  }

PLAIN(int, -1, kill, (pid_t process, int number), (process, number), -1, NULL)
SIZED(read, (int fd, void* to, size_t size), (fd, to, size), fd)
SIZED(pread, (int fd, void* to, size_t size, off_t at), (fd, to, size, at), fd)
SIZED(write, (int fd, const void* from, size_t size), (fd, from, size), fd)
SIZED(pwrite, (int fd, const void* from, size_t size, off_t at), (fd, from, size, at), fd)
SIZED(pwrite64, (int fd, const void* from, size_t size, off64_t at), (fd, from, size, at), fd)
SIZED(recv, (int fd, void* to, size_t size, int flags), (fd, to, size, flags), fd)
SIZED(send, (int fd, const void* from, size_t size, int flags), (fd, from, size, flags), fd)
SIZED(sendfile, (int out, int in, off_t* at, size_t size), (out, in, at, size), out)
SIZED(splice, (int in, off64_t* from, int out, off64_t* to, size_t size, unsigned flags), (in, from, out, to, size, flags), out)
SIZED(getrandom, (void* to, size_t size, unsigned flags), (to, size, flags), -1)

/* Short: the first part alone, and of it `value` bytes. */
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  REAL(sendmsg);
  struct rule* rule = fault("sendmsg", fd, NULL);
  if (fails(rule)) return -1;
  if (rule && message->msg_iovlen > 0 && !message->msg_control) {
    struct iovec first = {message->msg_iov[0].iov_base, shorter(rule, message->msg_iov[0].iov_len)};
    struct msghdr less = *message;
    less.msg_iov = &first;
    less.msg_iovlen = 1;
    return real(fd, &less, flags);
  }
  return real(fd, message, flags);
}

/* Short: the descriptors do not fit, as with a full table.  Wrong: one bit of each `value`th byte is another one. */
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  REAL(recvmsg);
  struct rule* rule = fault("recvmsg", fd, NULL);
  if (fails(rule)) return -1;
  ssize_t got = real(fd, message, flags);
  if (!rule || got <= 0) return got;
  for (ssize_t at = rule->value; rule->kind == WRONG && at < got; at += rule->value) ((char*)message->msg_iov[0].iov_base)[at] ^= 0x10;
  if (rule->kind == SHORT) {
    for (struct cmsghdr* part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
      for (size_t at = 0; at + CMSG_LEN(0) < part->cmsg_len; at += sizeof(int)) {
        int one;
        memcpy(&one, CMSG_DATA(part) + at, sizeof one);
        close(one);
      }
    message->msg_controllen = 0;
    message->msg_flags |= MSG_CTRUNC;
  }
  return got;
}

PLAIN(ssize_t, -1, preadv2, (int fd, const struct iovec* to, int parts, off_t at, int flags), (fd, to, parts, at, flags), fd, NULL)
PLAIN(int, -1, fsync, (int fd), (fd), fd, NULL)
PLAIN(int, -1, fdatasync, (int fd), (fd), fd, NULL)
PLAIN(int, -1, ftruncate, (int fd, off_t size), (fd, size), fd, NULL)
PLAIN(int, -1, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size), fd, NULL)
PLAIN(int, -1, memfd_create, (const char* name, unsigned flags), (name, flags), -1, name)
PLAIN(void*, MAP_FAILED, mmap, (void* at, size_t size, int use, int flags, int fd, off_t from), (at, size, use, flags, fd, from), fd, NULL)
PLAIN(int, -1, madvise, (void* at, size_t size, int advice), (at, size, advice), -1, NULL)
PLAIN(int, -1, rename, (const char* from, const char* to), (from, to), -1, to)
PLAIN(int, -1, unlink, (const char* name), (name), -1, name)
PLAIN(int, -1, mkdir, (const char* name, mode_t mode), (name, mode), -1, name)
PLAIN(int, -1, socket, (int family, int type, int protocol), (family, type, protocol), -1, NULL)
PLAIN(int, -1, connect, (int fd, const struct sockaddr* to, socklen_t size), (fd, to, size), fd, NULL)
PLAIN(int, -1, socketpair, (int family, int type, int protocol, int ends[2]), (family, type, protocol, ends), -1, NULL)
PLAIN(int, -1, bind, (int fd, const struct sockaddr* to, socklen_t size), (fd, to, size), fd, NULL)
PLAIN(int, -1, listen, (int fd, int queue), (fd, queue), fd, NULL)
PLAIN(int, -1, getsockopt, (int fd, int level, int name, void* value, socklen_t* size), (fd, level, name, value, size), fd, NULL)
PLAIN(int, -1, setsockopt, (int fd, int level, int name, const void* value, socklen_t size), (fd, level, name, value, size), fd, NULL)
PLAIN(int, -1, shutdown, (int fd, int how), (fd, how), fd, NULL)
PLAIN(int, -1, accept4, (int fd, struct sockaddr* from, socklen_t* size, int flags), (fd, from, size, flags), fd, NULL)
PLAIN(int, -1, epoll_ctl, (int set, int what, int fd, struct epoll_event* event), (set, what, fd, event), what == EPOLL_CTL_DEL ? -1 : fd, NULL)

PLAIN(int, -1, epoll_create1, (int flags), (flags), -1, NULL)
PLAIN(int, -1, eventfd, (unsigned first, int flags), (first, flags), -1, NULL)
PLAIN(int, -1, timerfd_create, (clockid_t clock, int flags), (clock, flags), -1, NULL)
PLAIN(int, -1, timerfd_settime, (int fd, int flags, const struct itimerspec* to, struct itimerspec* was), (fd, flags, to, was), fd, NULL)
PLAIN(int, -1, pipe2, (int ends[2], int flags), (ends, flags), -1, NULL)
PLAIN(pid_t, -1, fork, (void), (), -1, NULL)
PLAIN(pid_t, -1, waitpid, (pid_t pid, int* status, int how), (pid, status, how), -1, NULL)
PLAIN(int, -1, waitid, (idtype_t kind, id_t id, siginfo_t* about, int how), (kind, id, about, how), -1, NULL)
PLAIN(int, -1, flock, (int fd, int how), (fd, how), fd, NULL)
PLAIN(int, -1, stat, (const char* name, struct stat* facts), (name, facts), -1, name)
PLAIN(int, -1, lstat, (const char* name, struct stat* facts), (name, facts), -1, name)
PLAIN(int, -1, fstat, (int fd, struct stat* facts), (fd, facts), fd, NULL)
PLAIN(int, -1, fstatat, (int place, const char* name, struct stat* facts, int flags), (place, name, facts, flags), -1, name)
PLAIN(int, -1, statx, (int place, const char* name, int flags, unsigned what, struct statx* facts), (place, name, flags, what, facts), -1, name)
PLAIN(int, -1, statvfs, (const char* name, struct statvfs* facts), (name, facts), -1, name)
PLAIN(DIR*, NULL, opendir, (const char* name), (name), -1, name)
PLAIN(struct dirent*, NULL, readdir, (DIR* list), (list), dirfd(list), NULL)
PLAIN(int, -1, renameat, (int from_place, const char* from, int to_place, const char* to), (from_place, from, to_place, to), -1, to)
PLAIN(int, -1, unlinkat, (int place, const char* name, int flags), (place, name, flags), -1, name)
PLAIN(int, -1, mkdirat, (int place, const char* name, mode_t mode), (place, name, mode), -1, name)

/* Those that return what is wrong. */
#define RETURNED(call, parameters, arguments, path) \
  int call parameters {                             \
    REAL(call);                                     \
    struct rule* rule = fault(#call, -1, path);     \
    return rule ? rule->value : real arguments;     \
  }

RETURNED(posix_spawn, (pid_t* pid, const char* path, const posix_spawn_file_actions_t* files, const posix_spawnattr_t* how, char* const* words, char* const* environment), (pid, path, files, how, words, environment), path)
RETURNED(getaddrinfo, (const char* name, const char* service, const struct addrinfo* wanted, struct addrinfo** found), (name, service, wanted, found), name)

/* SYS_pidfd_open, SYS_futex and the like; by their number: "syscall 434". */
long syscall(long number, ...) {
  REAL(syscall);
  char name[16];
  long a[6];
  va_list more;
  va_start(more, number);
  for (int i = 0; i < 6; ++i) a[i] = va_arg(more, long);
  va_end(more);
  if (rules) {
    snprintf(name, sizeof name, "syscall %ld", number);
    if (fails(fault(name, -1, NULL))) return -1;
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* kind, void* (*begin)(void*), void* argument) {
  REAL(pthread_create);
  struct rule* rule = fault("pthread_create", -1, NULL);
  return rule ? rule->value : real(thread, kind, begin, argument);
}

int open(const char* name, int flags, ...) {
  REAL(open);
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return fails(fault("open", -1, name)) ? -1 : real(name, flags, mode);
}

int openat(int place, const char* name, int flags, ...) {
  REAL(openat);
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return fails(fault("openat", -1, name)) ? -1 : real(place, name, flags, mode);
}

int __openat_2(int place, const char* name, int flags) {
  REAL(__openat_2);
  return fails(fault("openat", -1, name)) ? -1 : real(place, name, flags);
}
