// HlsService: the HLS listeners of this node: their sessions, numbers and ends.
//
// Thread: control, except for the part marked "any thread".
// Ownership: Services.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "hls/sessions.h"
#include "net/loop/loop.h"

namespace lb {

class HlsListTable;
class PastLookups;
struct Runtime;
enum class EndReason : std::uint8_t;
enum class WriterKind : std::uint8_t;

enum class HlsRequest : std::uint8_t { kMaster, kList, kSegment };
constexpr std::array<std::string_view, 3> kHlsRequestNames = {"master", "list", "segment"};

class HlsService {
 public:
  explicit HlsService(Runtime& runtime);
  ~HlsService();

  void start();
  // Ends the sessions of a mount.
  void mount_ended(const Mount& mount);
  // How long the mount's log stays for its HLS players after its other listeners have been ended.
  std::chrono::milliseconds rest_after(const Mount& mount, WriterKind kind, EndReason reason) const;
  // The mount has ended; its log stays for its HLS players until rest_over().
  void mount_rests(const std::shared_ptr<Mount>& mount);
  // next: the mount that continues the stream and takes over the listeners; null: none.
  void rest_over(const std::shared_ptr<Mount>& mount, const std::shared_ptr<Mount>& next);
  // For a hand-over: why a player cannot be handed over at this moment; "": all can.
  std::string cannot_move() const;
  // Ends the listeners that have been connected longest.
  void end_oldest(std::size_t most);
  // mount: only a session of it; null: of any.
  bool end(const Mount* mount, std::uint64_t id);
  void end_holders(const SlotGate& gate, const std::vector<std::uint64_t>& ids);

  // -- any thread --------------------------------------------------------------------------------
  HlsSessions& sessions() noexcept { return sessions_; }
  const HlsSessions& sessions() const noexcept { return sessions_; }
  // The ended mount of this name that rests; null: there is no such mount.
  std::shared_ptr<Mount> resting(std::string_view mount) const;
  // Makes the session a listener.  False: its mount has ended.
  bool begin_session(HlsSessionPtr session);
  // A player has changed to this mount: ends its sessions at others that began before this moment.
  void end_others(const std::string& name, const Mount& mount, SteadyTime before);
  PastLookups& lookups() noexcept { return *lookups_; }
  HlsListTable& lists() noexcept { return *lists_; }
  void count(HlsRequest kind) noexcept {
    requests_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t requests(HlsRequest kind) const noexcept {
    return requests_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }

 private:
  void tick();
  void forget_rest(const Mount& mount);
  void finish(std::vector<HlsSessionPtr> ended);
  void log_count(const Mount& mount);

  Runtime& runtime_;
  HlsSessions sessions_;
  mutable std::mutex resting_mutex_;
  std::map<std::string, std::shared_ptr<Mount>, std::less<>> resting_;
  SteadyTime::duration away_{0};  // of control, at the last tick
  SteadyTime woke_{};
  const std::unique_ptr<PastLookups> lookups_;
  const std::unique_ptr<HlsListTable> lists_;
  std::array<std::atomic<std::uint64_t>, kHlsRequestNames.size()> requests_{};
  Timer timer_;
};

}  // namespace lb
