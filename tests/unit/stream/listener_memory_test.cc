// Decisions A11: a listener costs at most 1 kB of process memory, the texts for the access log and
// listclients included.
#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <cstdio>

#include "stream/streams_fixture.h"

using namespace lb;
using namespace lb::test;

#ifdef LB_SANITIZED
constexpr bool kMeasures = false;  // a sanitizer's heap is not malloc's
#else
constexpr bool kMeasures = true;
#endif

TEST_GROUP_BASE(ListenerMemory, StreamsFixture) {
  UniqueFd sink{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};

  void setup() override {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(sink.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(::getsockname(sink.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  }
  // A socket that takes everything, so that ten thousand need no reader.
  UniqueFd open_socket() const {
    UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    CHECK(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
  }
};

TEST(ListenerMemory, TenThousandListenersCostAtMostAThousandBytesEach) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  // Fewer where the machine does not allow so many descriptors.
  const std::size_t listeners = std::min<std::size_t>(10'000, files.rlim_cur * 2 / 3);
  const std::string agent(60, 'a');
  const auto live = on_air("/live/station.mp3");
  live->writer.units(100, 400);
  publish(*live);

  std::size_t before = 0;
  for (std::size_t i = 0; i < listeners + 1'000; ++i) {
    if (i == 1'000) before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    auto listener = std::make_unique<Listener>(
        i, std::make_unique<PlainTransport>(open_socket(), *Address::parse("192.0.2.9", 1)),
        RequestFacts("GET /live/station.mp3 HTTP/1.1", "", agent, ""));
    listener->home = std::make_shared<const std::string>("/live/station.mp3");
    listener->preamble = std::make_unique<Preamble>(Preamble{std::string(400, 'h'), nullptr, 0});
    listener->joined = clock.steady();
    live->mount->gate().enter();
    listener->mount_pass = GatePass(&live->mount->gate());
    listener->icy.metaint = listener->icy.until_block = 16'000;
    streams.join(std::move(listener), live->mount, 1'000);
  }
  const std::size_t after = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  LONGS_EQUAL(listeners + 1'000, streams.listeners());
  const std::size_t each = (after - before) / listeners;
  std::printf("\n  memory: %zu bytes a listener (%zu of them the object), %zu listeners\n", each,
              sizeof(Listener), listeners);
  if (kMeasures) CHECK(each <= 1000);
}
