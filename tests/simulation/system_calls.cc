// The system calls of this program that have to do with time, chance and the network: a World
// answers them where there is one.  The linker takes these in place of those of the C library, for
// libevent and OpenSSL, too.
#include "system_calls.h"

#include <dlfcn.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "net/address/address.h"
#include "wire.h"

namespace lb::sim {
namespace {

Turning* turning = nullptr;

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

World* world_of(int fd) {
  World* const world = present_world();
  return world != nullptr && world->has(fd) ? world : nullptr;
}

void put_address(unsigned host, std::uint16_t port, sockaddr* to, socklen_t* size) {
  if (to == nullptr || size == nullptr) return;
  sockaddr_storage whole{};
  const socklen_t length = Address::parse(World::ip(host), port)->to_sockaddr(whole);
  std::memcpy(to, &whole, std::min(*size, length));
  *size = length;
}

}  // namespace

void set_turning(Turning* one) noexcept { turning = one; }

void set_buffer(int fd, int bytes) {
  static const auto call = real<decltype(::setsockopt)>("setsockopt");
  call(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

}  // namespace lb::sim

using namespace lb::sim;

extern "C" {

// -- time

int clock_gettime(clockid_t which, timespec* time) noexcept {
  static const auto call = real<int(clockid_t, timespec*)>("clock_gettime");
  World* const world = present_world();
  Nanos now{};
  if (world == nullptr) return call(which, time);
  switch (which) {
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
      now = world->now();
      break;
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      now = world->now() + kWallBegins;
      if (world->running() != nullptr) now += world->running()->wall_offset;
      break;
    default:
      return call(which, time);
  }
  time->tv_sec = static_cast<time_t>(now.count() / 1'000'000'000);
  time->tv_nsec = static_cast<long>(now.count() % 1'000'000'000);
  return 0;
}

int timerfd_settime(int fd, int flags, const itimerspec* next, itimerspec* before) noexcept {
  static const auto call = real<int(int, int, const itimerspec*, itimerspec*)>("timerfd_settime");
  if (present_world() == nullptr) return call(fd, flags, next, before);
  if (turning == nullptr) return 0;
  const Nanos wait = std::chrono::seconds(next->it_value.tv_sec) + Nanos(next->it_value.tv_nsec);
  turning->timeout = wait.count() == 0 ? Nanos(-1) : wait;
  return 0;
}

int epoll_wait(int poll, epoll_event* events, int most, int timeout) {
  static const auto call = real<decltype(::epoll_wait)>("epoll_wait");
  if (turning == nullptr) return call(poll, events, most, timeout);
  World& world = *present_world();
  turning->poll = poll;
  const int n = world.may_be_ready(poll) ? call(poll, events, most, 0) : 0;
  if (n == 0) world.nothing_is_ready(poll);
  if (n == 0 && timeout != 0) {
    turning->slept = true;
    event_base_loopbreak(turning->base);
  }
  return n;
}

int epoll_ctl(int poll, int what, int fd, epoll_event* event) noexcept {
  static const auto call = real<int(int, int, int, epoll_event*)>("epoll_ctl");
  if (World* const world = present_world(); world != nullptr)
    world->polls(poll, fd, what != EPOLL_CTL_DEL);
  return call(poll, what, fd, event);
}

// -- the disk: what was written outlives a process, and none of these machines loses its power

int fsync(int fd) {
  static const auto call = real<int(int)>("fsync");
  return present_world() == nullptr ? call(fd) : 0;
}

// -- chance

ssize_t getrandom(void* into, std::size_t size, unsigned flags) {
  static const auto call = real<ssize_t(void*, std::size_t, unsigned)>("getrandom");
  World* const world = present_world();
  if (world == nullptr || world->running() == nullptr) return call(into, size, flags);
  for (std::size_t i = 0; i < size; ++i)
    static_cast<unsigned char*>(into)[i] =
        static_cast<unsigned char>(world->running()->random.next());
  return static_cast<ssize_t>(size);
}

int RAND_bytes(unsigned char* into, int size) {
  static const auto call = real<int(unsigned char*, int)>("RAND_bytes");
  World* const world = present_world();
  if (world == nullptr || world->running() == nullptr) return call(into, size);
  return getrandom(into, static_cast<std::size_t>(size), 0) == size ? 1 : 0;
}

// -- the network

int socket(int family, int type, int protocol) noexcept {
  static const auto call = real<int(int, int, int)>("socket");
  World* const world = present_world();
  if (world == nullptr || (family != AF_INET && family != AF_INET6) || (type & 0xf) != SOCK_STREAM)
    return call(family, type, protocol);
  return world->make_socket();
}

int socketpair(int family, int type, int protocol, int pair[2]) noexcept {
  static const auto call = real<int(int, int, int, int*)>("socketpair");
  const int status = call(family, type, protocol, pair);
  if (World* const world = present_world(); world != nullptr && status == 0) {
    world->forget(pair[0]);
    world->forget(pair[1]);
  }
  return status;
}

int connect(int fd, const sockaddr* to, socklen_t size) {
  static const auto call = real<int(int, const sockaddr*, socklen_t)>("connect");
  World* const world = world_of(fd);
  if (world == nullptr) return call(fd, to, size);
  const lb::Address address = lb::Address::from_sockaddr(*to);
  const unsigned last = address.bytes()[15];
  return world->connect(fd, last == 200 ? kOutside : last, address.port());
}

int bind(int fd, const sockaddr* to, socklen_t size) noexcept {
  static const auto call = real<int(int, const sockaddr*, socklen_t)>("bind");
  World* const world = world_of(fd);
  return world == nullptr ? call(fd, to, size)
                          : world->bind(fd, lb::Address::from_sockaddr(*to).port());
}

int listen(int fd, int most) noexcept {
  static const auto call = real<int(int, int)>("listen");
  World* const world = world_of(fd);
  return world == nullptr ? call(fd, most) : world->listen(fd);
}

int accept4(int fd, sockaddr* from, socklen_t* size, int flags) {
  static const auto call = real<int(int, sockaddr*, socklen_t*, int)>("accept4");
  World* const world = world_of(fd);
  if (world == nullptr) return call(fd, from, size, flags);
  unsigned host = 0;
  const int accepted = world->accept(fd, host);
  if (accepted >= 0) put_address(host, 40000, from, size);
  return accepted;
}

int getsockname(int fd, sockaddr* name, socklen_t* size) noexcept {
  static const auto call = real<int(int, sockaddr*, socklen_t*)>("getsockname");
  World* const world = world_of(fd);
  if (world == nullptr) return call(fd, name, size);
  put_address(world->host_of(fd), world->port_of(fd), name, size);
  return 0;
}

int getsockopt(int fd, int level, int option, void* value, socklen_t* size) noexcept {
  static const auto call = real<int(int, int, int, void*, socklen_t*)>("getsockopt");
  World* const world = world_of(fd);
  if (world == nullptr) return call(fd, level, option, value, size);
  if (level == SOL_SOCKET && option == SO_ERROR) {
    *static_cast<int*>(value) = world->error_of(fd);
    return 0;
  }
  if (level == SOL_SOCKET && option == SO_TYPE) return call(fd, level, option, value, size);
  errno = ENOPROTOOPT;
  return -1;
}

int setsockopt(int fd, int level, int option, const void* value, socklen_t size) noexcept {
  static const auto call = real<int(int, int, int, const void*, socklen_t)>("setsockopt");
  World* const world = world_of(fd);
  if (world == nullptr) return call(fd, level, option, value, size);
  if (level == IPPROTO_TCP && option == TCP_USER_TIMEOUT)
    world->set_user_timeout(fd, std::chrono::milliseconds(*static_cast<const int*>(value)));
  return 0;
}

ssize_t recv(int fd, void* into, std::size_t size, int flags) {
  static const auto call = real<ssize_t(int, void*, std::size_t, int)>("recv");
  if (World* const world = present_world(); world != nullptr && world->running() != nullptr)
    if (const int why = world->broken(fd); why != 0) return errno = why, -1;
  return call(fd, into, size, flags);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto call = real<ssize_t(int, msghdr*, int)>("recvmsg");
  const ssize_t n = call(fd, message, flags);
  World* const world = present_world();
  if (n < 0 || world == nullptr || message->msg_controllen == 0) return n;
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part))
    for (std::size_t at = CMSG_LEN(0); at < part->cmsg_len; at += sizeof(int)) {
      int each = -1;
      std::memcpy(&each, reinterpret_cast<char*>(part) + at, sizeof each);
      world->comes(each);
    }
  return n;
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto call = real<ssize_t(int, const msghdr*, int)>("sendmsg");
  if (World* const world = present_world(); world != nullptr && world->running() != nullptr)
    if (const int why = world->broken(fd); why != 0) return errno = why, -1;
  if (World* const world = present_world(); world != nullptr) world->wrote(fd);
  return call(fd, message, flags);
}

// What these do is seen by World::collect(), or by another loop.

ssize_t send(int fd, const void* bytes, std::size_t size, int flags) {
  static const auto call = real<ssize_t(int, const void*, std::size_t, int)>("send");
  if (World* const world = present_world(); world != nullptr) world->wrote(fd);
  return call(fd, bytes, size, flags);
}

ssize_t sendfile(int to, int from, off_t* at, std::size_t size) noexcept {
  static const auto call = real<ssize_t(int, int, off_t*, std::size_t)>("sendfile");
  if (World* const world = present_world(); world != nullptr) world->wrote(to);
  return call(to, from, at, size);
}

int shutdown(int fd, int how) noexcept {
  static const auto call = real<int(int, int)>("shutdown");
  if (World* const world = present_world(); world != nullptr) world->shuts(fd);
  return call(fd, how);
}

int close(int fd) {
  static const auto call = real<int(int)>("close");
  if (World* const world = present_world(); world != nullptr) world->closes(fd);
  return call(fd);
}

// It rings another loop.
ssize_t write(int fd, const void* bytes, std::size_t size) {
  static const auto call = real<ssize_t(int, const void*, std::size_t)>("write");
  if (World* const world = present_world(); world != nullptr) world->touch(fd);
  return call(fd, bytes, size);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* how, void* (*run)(void*),
                   void* with) noexcept {
  static const auto call =
      real<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  if (present_world() == nullptr) return call(thread, how, run, with);
  std::fputs("a server in virtual time began a thread, whose time would be real\n", stderr);
  std::abort();
}

}  // extern "C"
