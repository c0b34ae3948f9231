#include "app/station/now_feeds.h"

#include <utility>

#include "admin/now_events.h"
#include "app/cluster/cluster_service.h"
#include "app/services/worker.h"
#include "app/station/now_pages.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr unsigned kTitlesBefore = 5;

class ReaderPlace final : public EndNotice {
 public:
  ReaderPlace(GatePass place, AddressTally::Pass address)
      : place_(std::move(place)), address_(std::move(address)) {}
  void set_bytes_sent(std::uint64_t) noexcept override {}

 private:
  GatePass place_;
  AddressTally::Pass address_;
};

}  // namespace

NowFeeds::NowFeeds(Services& services)
    : services_(services),
      table_(std::make_shared<const Table>()),
      timer_(services.loops.control(), [this] { tick(); }) {
  for (unsigned i = 0; i < services.loops.workers(); ++i) {
    LoopStreams::Shared shared{no_mounts_, uncounted_, services.log,
                               [](std::string_view) { return std::string(); }};
    shared.logs_counts = false;
    streams_.push_back(std::make_unique<LoopStreams>(services.loops.worker(i), std::move(shared)));
  }
}

NowFeeds::~NowFeeds() = default;

std::shared_ptr<TextFeed> NowFeeds::find(const std::string& mount) const {
  const auto table = table_.read();
  const auto at = table->find(mount);
  return at == table->end() ? nullptr : at->second;
}

void NowFeeds::publish_table() {
  Table table;
  for (const auto& [mount, feed] : feeds_)
    if (feed.known) table.emplace(mount, feed.text);
  table_.publish(std::make_shared<const Table>(std::move(table)));
}

void NowFeeds::make(const std::string& mount, Then then) {
  services_.loops.control().assert_here();
  const SteadyTime now = services_.clock.steady();
  auto at = feeds_.find(mount);
  if (at == feeds_.end()) {
    if (feeds_.size() >= kMaxFeeds) return then(nullptr);
    auto text = TextFeed::create(mount, services_.loops.workers(),
                                 cat({unix_seconds(services_.clock.wall()), "n", ++made_}));
    if (!text) {
      services_.log.warn("now/feed", cat({mount, ": no feed of events was made: ",
                                          text.error().what, "; the reader was refused"}));
      return then(nullptr);
    }
    at = feeds_.emplace(mount, Feed{}).first;
    at->second.text = std::move(*text);
    at->second.counted = now;
    if (!timer_.armed()) timer_.after(kTick);
  }
  Feed& feed = at->second;
  feed.read = now;
  if (feed.known) return then(feed.text);
  feed.waiting.push_back(std::move(then));
  begin_gathering(mount, feed);
}

void NowFeeds::look(const std::string& mount) {
  const auto at = feeds_.find(mount);
  if (at == feeds_.end()) return;
  at->second.changed = true;
  if (services_.clock.steady() - at->second.gathered_at >= kBetweenGatherings)
    begin_gathering(mount, at->second);
}

void NowFeeds::begin_gathering(const std::string& mount, Feed& feed) {
  if (std::exchange(feed.gathering, true)) return;
  feed.changed = false;
  feed.gathered_at = services_.clock.steady();
  services_.pages_thread.loop().post(
      [this, mount, elsewhere = services_.cluster->listeners_elsewhere(mount)] {
        NowMount now = now_of(services_, elsewhere, mount, kTitlesBefore);
        services_.loops.control().post(
            [this, mount, now = std::move(now)]() mutable { gathered(mount, std::move(now)); });
      });
}

void NowFeeds::gathered(const std::string& mount, NowMount now) {
  const auto at = feeds_.find(mount);
  if (at == feeds_.end()) return;
  Feed& feed = at->second;
  feed.gathering = false;
  const SteadyTime when = services_.clock.steady();
  Channel::Loops loops = 0;
  if (feed.known) {
    // The count is told by the clock, all else when it changes.
    if (when - feed.counted < kBetweenCounts && feed.known->stream.on_air == now.stream.on_air)
      now.stream.listeners = feed.known->stream.listeners;
    else
      feed.counted = when;
    for (const NowEvent& event : now_events(*feed.known, now))
      if (const auto woken = feed.text->append(event.type, event.data, when)) loops |= *woken;
  }
  const bool first = !feed.known;
  const std::string state = now_json(now, unix_ms(services_.clock.wall()));
  feed.text->set_state("state", state);
  feed.known = std::move(now);
  wake(loops, feed.text->mount());
  if (first) publish_table();
  for (Then& then : std::exchange(feed.waiting, {})) then(feed.text);
}

// All feeds of this node: at most kMaxFeeds.
void NowFeeds::tick() {
  const SteadyTime now = services_.clock.steady();
  bool gone = false;
  for (auto at = feeds_.begin(); at != feeds_.end();) {
    auto& [mount, feed] = *at;
    if (feed.text->mount()->listeners() > 0) feed.read = now;
    if (now - feed.read >= kUnread && feed.waiting.empty()) {
      wake(feed.text->end(), feed.text->mount());
      at = feeds_.erase(at);
      gone = true;
      continue;
    }
    if (feed.changed || now - feed.counted >= kBetweenCounts) begin_gathering(mount, feed);
    if (feed.known && now - feed.text->last_written() >= kHeartbeat)
      if (const auto loops = feed.text->beat(now)) wake(*loops, feed.text->mount());
    ++at;
  }
  if (gone) publish_table();
  if (!feeds_.empty()) timer_.after(kTick);
}

void NowFeeds::wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount) {
  for (unsigned i = 0; i < streams_.size(); ++i)
    if ((loops & Channel::Loops{1} << i) != 0)
      services_.loops.worker(i).post([this, i, mount] { streams_[i]->wake(mount); });
}

std::optional<std::unique_ptr<EndNotice>> NowFeeds::enter(const Address& address) {
  const auto config = services_.config.read();
  if (!places_.try_enter(config->now.max_readers)) return std::nullopt;
  GatePass place(&places_);
  AddressTally::Pass of_address;
  // A proxy that names no client stands for all of its clients.
  if (!services_.http.read()->trusted_proxies.contains(address)) {
    auto entered = addresses_.try_enter(address, "", config->now.per_address);
    if (!entered) return std::nullopt;
    of_address = std::move(*entered);
  }
  return std::make_unique<ReaderPlace>(std::move(place), std::move(of_address));
}

void NowFeeds::join(unsigned worker, std::unique_ptr<Listener> reader, const TextFeed& feed,
                    std::string_view last_id) {
  TextFeed::Start start = feed.start_for(last_id);
  reader->preamble->headers = std::move(start.text);
  reader->mount_pass = GatePass::enter(feed.mount()->gate());
  // The window may have gone on this moment: then the reader comes back and gets the state.
  if (auto late = streams_[worker]->enter_at(std::move(reader), feed.mount(), start.position))
    streams_[worker]->ended(std::move(late), *feed.mount(), EndReason::kLagged);
}

}  // namespace lb
