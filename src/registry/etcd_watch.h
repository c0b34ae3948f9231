// EtcdWatch: the changes below a prefix of etcd, from one revision on.
//
// It is a stream from one member.  A member without quorum ends it, because the request requires a
// leader; a frozen member or a lost watch is detected by the beat: a small request to the same
// member every kBeat that compares revisions.  After any failure the watch continues at the next
// member.
// A revision that deletes or writes `format` is not reported: the store was emptied or replaced,
// and the watch is stale.
// Thread: control.
// Ownership: the client outlives it; the owner may start() or stop() it in a callback.
// Bounds: kLineBytes a line of the stream, kRevisionBytes a revision that comes in several.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/fetch/line_stream.h"
#include "net/loop/loop.h"
#include "registry/etcd_client.h"
#include "registry/etcd_text.h"
#include "registry/registry.h"

namespace lb {

class EtcdWatch {
 public:
  static constexpr std::chrono::seconds kBeat{2};
  static constexpr std::chrono::milliseconds kBeatAnswer{1500};  // a frozen member: 3.5 s at most
  static constexpr std::chrono::seconds kSuspicion{10};  // at least, between two that are checked
  static constexpr unsigned kBeatsBehind = 5;
  static constexpr std::size_t kLineBytes = 16 << 20, kRevisionBytes = 32 << 20;

  struct Callbacks {
    // One revision; whether a master made its deletions.
    UniqueFunction<void(RegistryChange, bool by_master)> changed;
    UniqueFunction<void(std::uint64_t)> seen;  // everything up to it was reported
    UniqueFunction<void(std::string)> broken;  // why; it is opened again
    UniqueFunction<void()> live;               // it is open
    UniqueFunction<void(std::string)> stale;   // why it cannot continue: all must be loaded
  };

  EtcdWatch(Loop& control, EtcdClient& client, std::string prefix, Callbacks callbacks);

  // `format`: the revision of that key; `uncounted`: of uncounted_deletion().
  void start(std::uint64_t from, std::uint64_t format, std::uint64_t uncounted);
  void stop();
  // The same, with what was watched since.
  std::uint64_t uncounted() const noexcept { return uncounted_; }

 private:
  void open();
  void on_knock(Result<EtcdAnswer> answer);
  bool is_another_store(const EtcdRange& range);
  void begin_stream(const std::string& member);
  void on_line(std::string_view line);
  void on_end(Result<FetchAnswer> answer);
  void on_events(EtcdWatchLine& line);
  // False: the watch has ended.
  bool on_part(std::uint64_t& told);
  bool on_revision(std::vector<EtcdEvent> events);
  void fail(std::string why);
  void give_up(std::string why);
  void beat();
  void on_beat(Result<EtcdAnswer> answer);

  Loop& control_;
  EtcdClient& client_;
  const std::string prefix_;
  Callbacks callbacks_;
  std::uint64_t format_ = 0, uncounted_ = 0;
  std::vector<EtcdEvent> part_;  // of an incomplete revision
  std::size_t part_bytes_ = 0;
  bool created_ = false;       // the stream
  std::uint64_t next_ = 0;     // the first revision not reported
  std::uint64_t suspect_ = 0;  // the store had it a beat ago, the watch did not
  SteadyTime suspicion_due_{};
  unsigned beats_behind_ = 0;
  unsigned failures_ = 0;  // since a watch lasted for a beat
  std::string member_, cluster_;
  std::unique_ptr<LineStream> stream_;
  std::shared_ptr<int> run_;  // since start(); answers to earlier requests are ignored
  Timer open_timer_, beat_timer_;
};

}  // namespace lb
