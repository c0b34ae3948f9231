// HlsService: the listeners by HLS: their sessions, their names, and what their ends mean.
//
// Thread: control, except what says "any thread".
// Ownership: Services.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hls/past_lookups.h"
#include "hls/sessions.h"
#include "net/loop.h"

namespace lb {

struct Services;

enum class HlsRequest : std::uint8_t { kMaster, kList, kSegment };
constexpr std::array<std::string_view, 3> kHlsRequestNames = {"master", "list", "segment"};

class HlsService {
 public:
  explicit HlsService(Services& services);

  void start();
  // Its listeners by HLS have nothing more to ask for.
  void mount_ended(const Mount& mount);
  // The longest connected first.
  void end_oldest(std::size_t most);
  bool end(const Mount& mount, std::uint64_t id);
  void end_holders(const SlotGate& gate, const std::vector<std::uint64_t>& ids);

  // -- any thread --------------------------------------------------------------------------------
  HlsSessions& sessions() noexcept { return sessions_; }
  const HlsSessions& sessions() const noexcept { return sessions_; }
  // From now on it is a listener.
  void begin_session(HlsSessionPtr session);
  PastLookups& lookups() noexcept { return lookups_; }
  void count(HlsRequest kind) noexcept {
    requests_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t requests(HlsRequest kind) const noexcept {
    return requests_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }

 private:
  void tick();
  void finish(std::vector<HlsSessionPtr> ended);
  void log_count(const Mount& mount);

  Services& services_;
  HlsSessions sessions_;
  PastLookups lookups_;
  std::array<std::atomic<std::uint64_t>, kHlsRequestNames.size()> requests_{};
  Timer timer_;
};

}  // namespace lb
