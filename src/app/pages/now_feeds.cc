#include "app/pages/now_feeds.h"

#include <algorithm>
#include <utility>

#include "admin/feed/now_events.h"
#include "admin/feed/now_json.h"
#include "admin/page/shoutcast_pages.h"
#include "app/cluster/cluster_service.h"
#include "app/pages/now_feed_ask.h"
#include "app/services/worker.h"
#include "app/topology/listeners_elsewhere.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "stream/listener/loop_streams.h"

namespace lb {
namespace {

constexpr std::chrono::milliseconds kTick{500};

NowFeeds::Seat seat_in(std::shared_ptr<TextFeed> feed) {
  GatePass pass = GatePass::enter(feed->mount()->gate());
  return {std::move(feed), std::move(pass)};
}

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

struct NowFeeds::Feed {
  NowFeedAsk ask;
  std::string begun_by;  // Place::address
  std::shared_ptr<TextFeed> text;
  std::optional<std::vector<NowMount>> known;  // nullopt: not gathered yet
  std::vector<Then> waiting;
  bool gathering = false, changed = false;
  SteadyTime gathered_at{}, counted{}, read{}, stated{};
  std::optional<SteadyTime> begun;  // when its stream's source began
  std::optional<SteadyTime> due;    // when the next title is heard

  bool has_readers() const { return text->mount()->listeners() > 0 || !waiting.empty(); }
};

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

NowFeeds::Seat NowFeeds::find(const std::string& key) const {
  const auto table = table_.read();
  const auto at = table->find(key);
  return at == table->end() ? Seat() : seat_in(at->second);
}

void NowFeeds::publish_table() {
  Table table;
  for (const auto& [key, feed] : feeds_)
    if (feed->known) table.emplace_hint(table.end(), key, feed->text);
  table_.publish(std::make_shared<const Table>(std::move(table)));
}

// Its readers, if any, are ended.
NowFeeds::Feeds::iterator NowFeeds::end_feed(Feeds::iterator at) {
  wake(at->second->text->end(), at->second->text->mount());
  return feeds_.erase(at);
}

// Ends feeds without readers, the one that was read longest ago first, until of `which` fewer than
// `most` are left; false: they have readers.
template <class Which>
bool NowFeeds::make_room(std::size_t most, Which which) {
  bool ended = false;
  const auto unread = [&] {
    auto oldest = feeds_.end();
    for (auto at = feeds_.begin(); at != feeds_.end(); ++at)
      if (which(*at->second) && !at->second->has_readers() &&
          (oldest == feeds_.end() || at->second->read < oldest->second->read))
        oldest = at;
    return oldest;
  };
  auto left = static_cast<std::size_t>(
      std::ranges::count_if(feeds_, [&](const auto& one) { return which(*one.second); }));
  for (; left >= most; --left) {
    const auto at = unread();
    if (at == feeds_.end()) break;
    end_feed(at);
    ended = true;
  }
  if (ended) publish_table();
  return left < most;
}

// Strangers choose the server's name too: when half of the sets, or all that an address may begin,
// have readers, the configured name is used.
bool NowFeeds::find_room(NowFeedAsk& ask, const std::string& address) {
  const auto is_set = [](const Feed& feed) { return feed.ask.is_arbitrary(); };
  const auto is_own = [&](const Feed& feed) {
    return is_set(feed) && !address.empty() && feed.begun_by == address;
  };
  if (ask.is_arbitrary()) {
    std::size_t sets = 0, own = 0;  // with readers
    for (const auto& [key, feed] : feeds_) {
      if (feed->has_readers() && is_set(*feed)) ++sets;
      if (feed->has_readers() && is_own(*feed)) ++own;
    }
    if (sets >= kMaxSets / 2 || own >= kMaxSetsOfAddress) ask.use_own_url();
    if (feeds_.contains(ask.key())) return true;
  }
  // With the configured name it may be a station's feed.
  if (ask.is_arbitrary() && (!make_room(kMaxSetsOfAddress, is_own) || !make_room(kMaxSets, is_set)))
    return false;
  return make_room(kMaxUnread, [](const Feed& feed) { return !feed.has_readers(); });
}

void NowFeeds::make(NowFeedAsk ask, const std::string& address, Then then) {
  services_.loops.control().assert_here();
  const SteadyTime now = services_.clock.steady();
  auto at = feeds_.find(ask.key());
  if (at == feeds_.end()) {
    if (!find_room(ask, address)) return then({});
    at = feeds_.find(ask.key());
  }
  if (at == feeds_.end()) {
    auto text = TextFeed::create(ask.name(), services_.loops.workers(),
                                 cat({unix_ms(services_.clock.wall()), "n", ++made_}));
    if (!text) {
      services_.log.warn("now/feed", cat({ask.name(), ": no feed of events was made: ",
                                          text.error().what, "; the reader was refused"}));
      return then({});
    }
    at = feeds_.emplace(ask.key(), std::make_unique<Feed>()).first;
    at->second->ask = std::move(ask);
    at->second->begun_by = address;
    at->second->text = std::move(*text);
    at->second->counted = now;
    if (!timer_.armed()) timer_.after(kTick);
  }
  Feed& feed = *at->second;
  feed.read = now;
  if (feed.known) return then(seat_in(feed.text));
  feed.waiting.push_back(std::move(then));
  begin_gathering(feed);
}

void NowFeeds::check(const std::string& mount) {
  for (auto& [key, feed] : feeds_) {
    if (!feed->ask.is_about(mount, feed->known ? &*feed->known : nullptr)) continue;
    feed->changed = true;
    if (services_.clock.steady() - feed->gathered_at >= kBetweenGatherings) begin_gathering(*feed);
  }
}

void NowFeeds::begun(const std::string& mount) {
  for (auto& [key, feed] : feeds_)
    if (!feed->ask.is_set() && feed->ask.is_about(mount, feed->known ? &*feed->known : nullptr))
      feed->begun = services_.clock.steady();
  check(mount);
}

void NowFeeds::begin_gathering(Feed& feed) {
  if (std::exchange(feed.gathering, true)) return;
  feed.changed = false;
  feed.due.reset();
  feed.gathered_at = services_.clock.steady();
  services_.pages_thread.loop().post(
      [this, ask = feed.ask,
       elsewhere = services_.cluster->listeners_elsewhere(feed.ask.is_set() || feed.ask.is_station()
                                                              ? std::nullopt
                                                              : std::optional(feed.ask.mount))] {
        std::vector<NowMount> now = gather_feed(services_, elsewhere, ask);
        services_.loops.control().post([this, key = ask.key(), now = std::move(now)]() mutable {
          gathered(key, std::move(now));
        });
      });
}

void NowFeeds::set_state(Feed& feed) {
  const NowEvent state = feed_state(feed.ask, *feed.known, unix_ms(services_.clock.wall()));
  feed.stated = services_.clock.steady();
  feed.text->set_state(state.type, state.data);
}

void NowFeeds::gathered(const std::string& key, std::vector<NowMount> now) {
  const auto at = feeds_.find(key);
  if (at == feeds_.end()) return;
  Feed& feed = *at->second;
  feed.gathering = false;
  const SteadyTime when = services_.clock.steady();
  const std::int64_t now_ms = unix_ms(services_.clock.wall());
  if (const std::int64_t wait_ms = settle_feed(feed.ask, now, now_ms); wait_ms > 0)
    feed.due = when + std::chrono::milliseconds(wait_ms);
  Channel::Loops loops = 0;
  if (feed.known) {
    // The count is sent by the clock, everything else on change.
    const bool counts = when - feed.counted >= kBetweenCounts;
    if (counts) feed.counted = when;
    for (std::size_t i = 0; i < now.size() && !counts; ++i)
      if (const ShoutcastStream& before = (*feed.known)[i].stream;
          before.on_air == now[i].stream.on_air)
        now[i].stream.listeners = before.listeners;
    for (const NowEvent& event : feed_events(feed.ask, *feed.known, now, now_ms))
      if (const auto woken = feed.text->append(event.type, event.data, when)) loops |= *woken;
  }
  const bool first = !feed.known;
  feed.known = std::move(now);
  set_state(feed);
  wake(loops, feed.text->mount());
  if (first) publish_table();
  for (Then& then : std::exchange(feed.waiting, {})) then(seat_in(feed.text));
}

// Checks all feeds of this node.
void NowFeeds::tick() {
  const SteadyTime now = services_.clock.steady();
  bool gone = false;
  for (auto at = feeds_.begin(); at != feeds_.end();) {
    Feed& feed = *at->second;
    if (feed.has_readers()) feed.read = now;
    if (now - feed.read >= kUnread) {
      at = end_feed(at);
      gone = true;
      continue;
    }
    if (feed.begun && now - *feed.begun >= kTimesComeWithin) feed.begun.reset();
    if (feed.changed || feed.begun || now - feed.counted >= kBetweenCounts ||
        (feed.due && now >= *feed.due))
      begin_gathering(feed);
    if (feed.known && feed.ask.is_set() && now - feed.stated >= kBetweenStates) set_state(feed);
    if (feed.known && now - feed.text->last_written() >= kHeartbeat)
      if (const auto loops =
              feed.text->beat(now, feed_beat(feed.ask, unix_ms(services_.clock.wall()))))
        wake(*loops, feed.text->mount());
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

std::optional<NowFeeds::Place> NowFeeds::enter(const Address& address) {
  const auto config = services_.config.read();
  if (!places_.try_enter(config->now.max_readers)) return std::nullopt;
  GatePass place(&places_);
  AddressTally::Pass of_address;
  // A proxy that names no client stands for all of its clients, so no limit applies.
  if (!services_.http.read()->trusted_proxies.contains(address)) {
    auto entered = addresses_.try_enter(address, "", config->now.per_address);
    if (!entered) return std::nullopt;
    of_address = std::move(*entered);
  }
  std::string key = of_address.key();
  return Place{std::make_unique<ReaderPlace>(std::move(place), std::move(of_address)),
               std::move(key)};
}

void NowFeeds::end_readers() {
  for (const auto& streams : streams_) streams->forget();
}

void NowFeeds::join(unsigned worker, std::unique_ptr<Listener> reader, Seat seat,
                    std::string_view last_id) {
  const TextFeed& feed = *seat.feed;
  TextFeed::Start start = feed.start_for(last_id);
  reader->preamble->headers = std::move(start.text);
  reader->mount_pass = std::move(seat.pass);
  // If the window has moved on just now, the reader is ended; it reconnects and gets the state.
  if (auto late = streams_[worker]->enter_at(std::move(reader), feed.mount(), start.position))
    streams_[worker]->ended(std::move(late), *feed.mount(), EndReason::kLagged);
}

}  // namespace lb
