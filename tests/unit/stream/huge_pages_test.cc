// Decisions A1: a hole punched into a large folio zeroes bytes that the kernel still holds for a
// socket.  The log must never lie in large folios, whatever the machine is set to.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/sendfile.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "stream/listener/delivery.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr int kCollapse = 25;  // MADV_COLLAPSE: newer than Debian 12's header
constexpr std::size_t kHuge = 2 << 20;

// A setting of the machine, as it was again when this goes.  Without the right to change it: as it
// is.
class MachineSetting {
 public:
  MachineSetting(std::string path, const char* wanted) : path_(std::move(path)) {
    std::ifstream in(path_);
    std::ostringstream all;
    all << in.rdbuf();
    const std::string text = all.str();
    const std::size_t open = text.find('['), close = text.find(']');
    if (open == std::string::npos || close == std::string::npos) return;
    before_ = text.substr(open + 1, close - open - 1);
    changed_ = put(wanted);
  }
  ~MachineSetting() {
    if (changed_) put(before_);
  }
  MachineSetting(const MachineSetting&) = delete;
  MachineSetting& operator=(const MachineSetting&) = delete;
  bool changed() const noexcept { return changed_; }

 private:
  bool put(const std::string& value) const {
    std::ofstream out(path_);
    out << value;
    out.flush();
    return out.good();
  }
  const std::string path_;
  std::string before_;
  bool changed_ = false;
};

// Every size of large folio for memfds, as far as we may.
class HugeEverywhere {
 public:
  HugeEverywhere() {
    const std::string base = "/sys/kernel/mm/transparent_hugepage/";
    settings_.push_back(std::make_unique<MachineSetting>(base + "shmem_enabled", "always"));
    for (const char* size : {"16", "32", "64", "128", "256", "512", "1024", "2048"})
      settings_.push_back(std::make_unique<MachineSetting>(
          base + "hugepages-" + size + "kB/shmem_enabled", "always"));
  }
  long changed() const {
    return std::count_if(settings_.begin(), settings_.end(),
                         [](const auto& s) { return s->changed(); });
  }

 private:
  std::vector<std::unique_ptr<MachineSetting>> settings_;
};

// A TCP connection over the loopback; `server` does not block.
struct Tcp {
  Tcp() {
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ok = ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
         ::listen(listener.get(), 1) == 0 &&
         ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
    client.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ok = ok && ::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0;
    server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    ok = ok && server.valid();
  }
  std::string read(std::size_t bytes) const {
    std::string all;
    char buffer[65536];
    while (all.size() < bytes) {
      const auto n = ::recv(client.get(), buffer, sizeof buffer, 0);
      if (n <= 0) break;
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  UniqueFd client, server;
  bool ok = false;
};

struct stat info_of(int fd) {
  struct stat info {};
  ::fstat(fd, &info);
  return info;
}

}  // namespace

TEST_GROUP(HugePages) {
  HugeEverywhere settings;

  // What the log must never do; the bytes of 64 KiB that arrive as zero, -1 when no huge page came.
  static long zeroed_by_the_forbidden_thing() {
    const UniqueFd fd(::memfd_create("forbidden", MFD_CLOEXEC));
    CHECK(::ftruncate(fd.get(), 2 * kHuge) == 0);
    auto* reserved = static_cast<char*>(
        ::mmap(nullptr, 3 * kHuge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char* aligned = reserved + (kHuge - reinterpret_cast<std::uintptr_t>(reserved) % kHuge) % kHuge;
    CHECK(::mmap(aligned, 2 * kHuge, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(), 0) ==
          aligned);
    std::fill(aligned, aligned + 2 * kHuge, 'A');
    long zeroed = -1;
    if (::madvise(aligned, 2 * kHuge, kCollapse) == 0) {
      const Tcp tcp;
      CHECK(tcp.ok);
      off_t at = 0;
      const auto sent = ::sendfile(tcp.server.get(), fd.get(), &at, 65536);
      CHECK(::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 262144) == 0);
      const std::string arrived = tcp.read(static_cast<std::size_t>(sent));
      zeroed = std::count(arrived.begin(), arrived.end(), '\0');
    }
    ::munmap(reserved, 3 * kHuge);
    return zeroed;
  }
};

TEST(HugePages, BytesThatTheKernelHoldsSurviveThePunch) {
  const long control = zeroed_by_the_forbidden_thing();
  if (control > 0)
    std::printf(
        "\n  huge pages: the hazard is real here: %ld of 65536 bytes zeroed in the control\n",
        control);
  else
    std::printf("\n  huge pages: the hazard is not shown on this kernel (%s)\n",
                control < 0 ? "it makes no huge page" : "no byte was zeroed");
  std::printf("  huge pages: %ld settings of the machine changed for this test\n",
              settings.changed());

  Writer writer;
  writer.window = {0, 100 << 20};
  std::size_t collapsed = 0;
  writer.bytes(6 * kHuge);
  auto view = writer.view(0);
  for (const auto& segment : *view->segments)
    collapsed += ::madvise(segment->data, segment->size_bytes, kCollapse) == 0 ? 1 : 0;
  LONGS_EQUAL(0, collapsed);

  const Tcp tcp;
  CHECK(tcp.ok);
  Listener listener(1,
                    std::make_unique<PlainTransport>(UniqueFd(::dup(tcp.server.get())), Address()),
                    RequestFacts());
  while (deliver(listener, *view, 1 << 30, DeliveryCall::kSendfile) == Delivered::kMore) {
  }
  CHECK(listener.position > 65536);

  // The window passes what the socket holds, and every view is released.
  const UniqueFd fd(::dup(view->store->fd()));
  const auto held = info_of(fd.get()).st_blocks;
  view.reset();
  writer.view();
  writer.view();
  view = writer.view();
  LONGS_EQUAL(writer.log->head(), view->begin);
  CHECK(info_of(fd.get()).st_blocks * 512 <= 262'144);
  CHECK(held * 512 >= static_cast<long>(6 * kHuge));

  const std::string arrived = tcp.read(listener.position);
  LONGS_EQUAL(listener.position, arrived.size());
  CHECK(arrived == pattern_text(0, listener.position));
}
