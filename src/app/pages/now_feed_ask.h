// The subject of a feed of NowFeeds: one stream, as events of /api/v1/now/MOUNT/events; or a set of
// stations, as frames of AzuraCast's live feed,
//
//   /api/live/nowplaying/sse?cf_connect={"subs":{"station:rock":{"recover":true},"global:time":{}}}
//
// Thread: now_feed_ask() any; gather_feed() "pages"; all others are pure functions.
// Bounds: kMaxConnectBytes, kMaxChannels.
// Source: doc/titles.md; the requests of AzuraCast's programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admin/feed/now_events.h"
#include "app/pages/now_pages.h"

namespace lb {

struct Services;

struct NowFeedAsk {
  static constexpr std::size_t kMaxConnectBytes = 2048;
  static constexpr std::size_t kMaxChannels = 16;

  struct Channel {
    std::string name;     // "station:1", as requested
    std::string station;  // its id; "": the time
  };
  std::string mount;              // "": a set of stations
  std::string path;               // of a station that plays by `mount`; "": that mount alone
  std::vector<Channel> channels;  // in the order of their names
  std::string url, own_url;       // of this server: for these readers, and as configured
  bool usual = true;              // one stream; or one station by its own name, and the time
  bool foreign_url = false;       // the reader chose `url`

  // There are more of these than streams and stations.
  bool is_arbitrary() const noexcept { return !usual || foreign_url; }
  void use_own_url() {
    url = own_url;
    foreign_url = false;
  }
  bool is_set() const noexcept { return mount.empty(); }
  std::string key() const;
  std::string name() const { return is_set() ? "/api/live" : mount; }
  bool is_station() const noexcept { return !path.empty(); }
  // known: the last gathered state; null: none yet.
  bool is_about(const std::string& name, const std::vector<NowMount>* known) const;
};

constexpr std::string_view kLiveFeedPath = "/api/live/nowplaying/sse";

// url: this server's address as the reader knows it.  nullopt: not a feed's address.
std::optional<std::variant<NowFeedAsk, NowFault>> now_feed_ask(const Services& services,
                                                               const std::string& path,
                                                               const std::string& query,
                                                               std::string url);
// One entry for the stream, or for each channel; empty if that is gone.
std::vector<NowMount> gather_feed(const Services& services, const ListenersElsewhere& elsewhere,
                                  const NowFeedAsk& ask);
// Sets the titles that are heard now, since AzuraCast's programs show a title as soon as they get
// it.  Returns the milliseconds until the next one; 0: no time is known.
std::int64_t settle_feed(const NowFeedAsk& ask, std::vector<NowMount>& now, std::int64_t now_ms);
// before, now: from gather_feed(), settled.  An event without a type has only data.
std::vector<NowEvent> feed_events(const NowFeedAsk& ask, const std::vector<NowMount>& before,
                                  const std::vector<NowMount>& now, std::int64_t now_ms);
NowEvent feed_state(const NowFeedAsk& ask, const std::vector<NowMount>& now, std::int64_t now_ms);
// The data of a heartbeat; "": a comment.
std::string feed_beat(const NowFeedAsk& ask, std::int64_t now_ms);

}  // namespace lb
