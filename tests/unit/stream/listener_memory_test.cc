// Decisions A11: a listener costs at most 1 kB of process memory, the texts for the access log and
// listclients included.
#include <malloc.h>

#include <cstdio>

#include "stream/streams_fixture.h"

using namespace lb;
using namespace lb::test;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasures = false;  // a sanitizer's heap is not malloc's
#else
constexpr bool kMeasures = true;
#endif

TEST_GROUP_BASE(ListenerMemory, StreamsFixture){};

TEST(ListenerMemory, TenThousandListenersCostAtMostAThousandBytesEach) {
  constexpr std::size_t kListeners = 10'000;
  const std::string agent(60, 'a');
  const auto live = on_air("/live/station.mp3");
  live->writer.units(100, 400);
  publish(*live);
  SocketPair pair;  // all of them share one socket, by descriptors of their own
  const UniqueFd shared(::dup(pair.transport()->fd()));

  std::size_t before = 0;
  for (std::size_t i = 0; i < kListeners + 1'000; ++i) {
    if (i == 1'000) before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    auto listener = std::make_unique<Listener>(
        i,
        std::make_unique<PlainTransport>(UniqueFd(::fcntl(shared.get(), F_DUPFD_CLOEXEC, 3)),
                                         *Address::parse("192.0.2.9", 1)),
        RequestFacts("GET /live/station.mp3 HTTP/1.1", "", agent, ""));
    listener->home = std::make_shared<const std::string>("/live/station.mp3");
    listener->preamble = std::make_unique<Preamble>(Preamble{std::string(400, 'h'), nullptr, 0});
    listener->joined = clock.steady();
    live->mount->gate().enter();
    listener->mount_pass = GatePass(&live->mount->gate());
    listener->icy.metaint = listener->icy.until_block = 16'000;
    streams.join(std::move(listener), live->mount, 1'000);
    pair.received();
  }
  const std::size_t after = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  LONGS_EQUAL(kListeners + 1'000, streams.listeners());
  const double each = static_cast<double>(after - before) / kListeners;
  std::printf("\n  memory: %.0f bytes a listener (%zu of them the object), %zu listeners\n", each,
              sizeof(Listener), kListeners);
  if (kMeasures) CHECK(each <= 1000);
}
