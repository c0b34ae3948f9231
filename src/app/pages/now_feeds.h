// NowFeeds: the events of /api/v1/now/MOUNT/events and of AzuraCast's live feed: a TextFeed for
// each stream, and each set of stations, that has readers, and the readers' own fan-outs.  Readers
// are not listeners: they are in no count, and take no place of <clients>.
//
// A feed is made for its first reader and ends kUnread after its last, or earlier where there is no
// room for another one: a feed without readers never keeps a reader out.  Its state is gathered on
// Services::pages_thread, at most twice a second; changes become events.
// Thread: control; join() on the reader's worker; find(), enter() and leave any.
// Ownership: Services.
// Bounds: kMaxUnread feeds without readers; kMaxSets arbitrary sets, of them a quarter begun by one
// address; else one feed a reader; <now max-readers= per-address=>; as for TextFeed.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/snapshot.h"
#include "base/unique_function.h"
#include "net/loop/loop.h"
#include "stream/file/text_feed.h"
#include "stream/listener/address_tally.h"
#include "stream/listener/server_counters.h"
#include "stream/mount/mount_table.h"

namespace lb {

class EndNotice;
class Listener;
class LoopStreams;
struct NowFeedAsk;
struct NowMount;
struct Services;

class NowFeeds {
 public:
  static constexpr std::size_t kMaxUnread = 256;
  static constexpr std::size_t kMaxSets = 64;
  static constexpr std::size_t kMaxSetsOfAddress = kMaxSets / 4;
  static constexpr std::chrono::seconds kUnread{60};
  static constexpr std::chrono::seconds kHeartbeat{20};
  static constexpr std::chrono::seconds kBetweenCounts{10};
  static constexpr std::chrono::milliseconds kBetweenGatherings{500};
  // A source's times become known within this time, without any notice.
  static constexpr std::chrono::seconds kTimesComeWithin{12};
  static constexpr std::chrono::seconds kBetweenStates{1};  // of a feed that includes the time

  explicit NowFeeds(Services& services);
  ~NowFeeds();

  // A feed with one more reader, that may still have to join.
  struct Seat {
    std::shared_ptr<TextFeed> feed;  // null: no feed
    GatePass pass;
  };
  using Then = UniqueFunction<void(Seat)>;
  // Empty: no such feed yet.  Any thread.
  Seat find(const std::string& key) const;
  // Makes the feed if necessary, on control; empty: too many sets.  address: Place::address.
  void make(NowFeedAsk ask, const std::string& address, Then then);
  // The stream may have changed.
  void check(const std::string& mount);
  // The stream may have changed, because a source has begun to write it.
  void begun(const std::string& mount);

  struct Place {
    std::unique_ptr<EndNotice> notice;
    std::string address;  // as the limits count it; "": none applies
  };
  // A reader's place; nullopt: none is left, in total or for its address.  Any thread.
  std::optional<Place> enter(const Address& address);
  // Runs on the worker of this number.
  void join(unsigned worker, std::unique_ptr<Listener> reader, Seat seat, std::string_view last_id);
  std::int64_t readers() const noexcept { return places_.inside(); }
  // Closes the connections of all readers.  REQUIRES: the workers stand still.
  void end_readers();

 private:
  struct Feed;
  using Feeds = std::map<std::string, std::unique_ptr<Feed>>;
  bool find_room(NowFeedAsk& ask, const std::string& address);
  template <class Which>
  bool make_room(std::size_t most, Which which);
  Feeds::iterator end_feed(Feeds::iterator at);
  void begin_gathering(Feed& feed);
  void gathered(const std::string& key, std::vector<NowMount> now);
  void set_state(Feed& feed);
  void tick();
  void publish_table();
  void wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount);

  Services& services_;
  ServerCounters uncounted_;
  MountTable no_mounts_;
  std::vector<std::unique_ptr<LoopStreams>> streams_;  // one a worker
  Feeds feeds_;
  using Table = std::map<std::string, std::shared_ptr<TextFeed>>;
  Snapshot<Table> table_;
  Gate places_;
  AddressTally addresses_;
  std::uint64_t made_ = 0;
  Timer timer_;
};

}  // namespace lb
