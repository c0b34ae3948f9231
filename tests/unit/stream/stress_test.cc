// One writer and four readers of a stream at once; what they read is known beforehand.  Its worth
// is under ThreadSanitizer; everywhere it shows that no reader sees a byte that was punched.
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "base/random.h"
#include "stream/log/join.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kViews = 20'000;
constexpr unsigned kReaders = 4;
// Units are published one by one; every third has a title, every fifth headers.
constexpr std::size_t kTitleEvery = 3, kHeadersEvery = 5;

struct Shared {
  std::vector<std::uint64_t> starts;  // of the units, and the end; written before the threads start
  Channel channel;
  std::array<std::atomic<std::uint64_t>, kReaders> wakes{};
  std::array<std::atomic<std::uint64_t>, kReaders> arms{};
  std::atomic<std::uint64_t> wrong_bytes{0}, wrong_facts{0}, looks{0}, read{0};

  explicit Shared(std::shared_ptr<const StreamView> first) : channel(std::move(first), kReaders) {
    Rng rng(99);
    std::uint64_t at = 0;
    for (std::size_t i = 0; i <= kViews; ++i) {
      starts.push_back(at);
      at += 1 + rng.below(3000);
    }
  }
  // The last unit of a kind that begins at or before a position.
  std::string newest(std::uint64_t position, std::size_t every) const {
    const auto after = std::upper_bound(starts.begin(), starts.end(), position);
    const auto unit = static_cast<std::size_t>(after - starts.begin() - 1);
    return std::to_string(std::min(unit, kViews - 1) / every * every);
  }
};

void write(Shared& shared, Writer& writer) {
  for (std::size_t i = 0; i < kViews; ++i) {
    while (shared.looks.load() < i) std::this_thread::yield();  // as many looks as views
    if (i % kHeadersEvery == 0) writer.headers(std::to_string(i));
    if (i % kTitleEvery == 0) writer.title(std::to_string(i));
    writer.sync().bytes(shared.starts[i + 1] - shared.starts[i]);
    writer.now += 100ms;  // so that segments stay small
    const Channel::Loops wake =
        shared.channel.publish(writer.view(shared.channel.low_water(), i + 1 == kViews));
    for (unsigned r = 0; r < kReaders; ++r)
      if (wake & Channel::Loops{1} << r) shared.wakes[r].fetch_add(1);
  }
}

class Reader {
 public:
  Reader(Shared& shared, unsigned id) : shared_(shared), id_(id), rng_(id + 1) {}

  void run() {
    for (bool ended = false; !ended;) {
      const auto view = check();
      shared_.looks.fetch_add(1);
      ended = view->ended;
      walk(*view);
      check_facts(*view);
      check_file(*view);
      keep(view);
      check_old();
      if (rng_.below(20) == 0) std::this_thread::yield();
    }
    shared_.channel.unsubscribe(id_);
  }

 private:
  std::shared_ptr<const StreamView> check() {
    switch (rng_.below(8)) {
      case 0:
        shared_.channel.unsubscribe(id_);
        return shared_.channel.newest();
      case 1:
        return shared_.channel.newest();
      default:
        shared_.arms[id_].fetch_add(1);
        return shared_.channel.take_and_arm(id_);
    }
  }
  // As a listener: from where it stands, or anew when it has fallen behind.
  void walk(const StreamView& view) {
    if (position_ < view.begin || position_ == 0) {
      position_ = plan_join(view, rng_.below(5000)).position;
    }
    const std::uint64_t end = position_ + rng_.below(view.end - position_ + 1);
    check_bytes(view, position_, end);
    shared_.read.fetch_add(end - position_, std::memory_order_relaxed);
    position_ = end;
    if (rng_.below(3) == 0) shared_.channel.set_low_water(id_, position_);
  }
  void check_bytes(const StreamView& view, std::uint64_t from, std::uint64_t to) {
    while (from < to) {
      const auto bytes = view.bytes_at(from);
      if (bytes.empty()) shared_.wrong_bytes.fetch_add(1);
      if (bytes.empty()) return;
      for (std::size_t i = 0; i < bytes.size() && from < to; ++i, ++from)
        if (bytes[i] != pattern(from)) shared_.wrong_bytes.fetch_add(1);
    }
  }
  // As sendfile(2) sees them.
  void check_file(const StreamView& view) {
    if (view.begin == view.end) return;
    const std::uint64_t at = view.begin + rng_.below(view.end - view.begin);
    std::array<std::byte, 64> bytes{};
    const auto n =
        ::pread(view.store->fd(), bytes.data(),
                std::min<std::uint64_t>(bytes.size(), view.end - at), static_cast<off_t>(at));
    for (ssize_t i = 0; i < n; ++i)
      if (bytes[static_cast<std::size_t>(i)] != pattern(at + static_cast<std::uint64_t>(i)))
        shared_.wrong_bytes.fetch_add(1);
  }
  void check_facts(const StreamView& view) {
    if (view.sync.empty()) return;
    const std::uint64_t i = view.sync.begin() + rng_.below(view.sync.end() - view.sync.begin());
    const std::uint64_t mark = view.sync[i].position;
    const bool right = mark >= view.begin && mark <= view.end && shared_.starts[i] == mark &&
                       to_text(view.headers_at(mark)) == shared_.newest(mark, kHeadersEvery) &&
                       title_of(view.metadata_at(mark)) == shared_.newest(mark, kTitleEvery);
    if (!right) shared_.wrong_facts.fetch_add(1);
  }
  void keep(std::shared_ptr<const StreamView> view) {
    if (rng_.below(4) == 0) old_[rng_.below(old_.size())] = std::move(view);
  }
  void check_old() {
    const auto& view = old_[rng_.below(old_.size())];
    if (!view || view->begin == view->end) return;
    const std::uint64_t from = view->begin + rng_.below(view->end - view->begin);
    check_bytes(*view, from, std::min(view->end, from + 200));
    check_facts(*view);
    check_file(*view);
  }

  Shared& shared_;
  const unsigned id_;
  Rng rng_;
  std::uint64_t position_ = 0;
  std::array<std::shared_ptr<const StreamView>, 3> old_;
};

}  // namespace

TEST_GROUP(StreamStress){};

TEST(StreamStress, NoReaderEverSeesAWrongByteOrAWrongFact) {
  Writer writer;
  writer.window = {4'000, 20'000};
  const auto first = writer.view();
  Shared shared(first);
  std::vector<std::thread> readers;
  for (unsigned id = 0; id < kReaders; ++id)
    readers.emplace_back([&shared, id] { Reader(shared, id).run(); });
  write(shared, writer);
  for (std::thread& reader : readers) reader.join();

  LONGS_EQUAL(0, shared.wrong_bytes.load());
  LONGS_EQUAL(0, shared.wrong_facts.load());
  CHECK(shared.read.load() > 0);
  for (unsigned id = 0; id < kReaders; ++id)
    CHECK(shared.wakes[id].load() <= shared.arms[id].load());
  // Every view is released: only the window is still in memory.
  const auto last = writer.view();
  struct stat info {};
  CHECK(::fstat(last->store->fd(), &info) == 0);
  CHECK(static_cast<std::size_t>(info.st_blocks) * 512 <= 20'000 + 2 * 65'536);
  CHECK(last->begin > 0);
}
