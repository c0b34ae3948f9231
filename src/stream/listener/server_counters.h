// ServerCounters: the counters of the whole server, for the global part of the stats.
// Thread: any thread; relaxed, because each number stands for itself.
// They change with connections, not with deliveries, so one cache line is enough.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "stream/listener/address_tally.h"
#include "stream/mount/gate.h"
#include "stream/source/seam.h"

namespace lb {

// Why a client was refused.
enum class Refusal : std::uint8_t {
  kAddress,         // <deny-ip>, <allow-ip>
  kAgent,           // <deny-agents>
  kClients,         // <clients>
  kListeners,       // <max-listeners> of the server
  kMountListeners,  // <max-listeners> of the mount
  kSources,         // <sources>
  kMountInUse,      // another source feeds the mount
  kLogin,           // no password, or a wrong one
  kGuesses,         // too many wrong passwords
  kDraining,
  kBandwidth,    // <max-bandwidth> of the server or of the mount
  kSameAddress,  // <max-listeners-per-address>
  kBan,          // a ban of the store
  kQuota,        // the account's hours or transfer of this month
};
constexpr std::array<std::string_view, 14> kRefusalNames = {
    "address", "agent",   "clients",  "listeners", "mount_listeners", "sources", "mount_in_use",
    "login",   "guesses", "draining", "bandwidth", "same_address",    "ban",     "quota"};

struct ServerCounters {
  std::atomic<std::uint64_t> connections{0};         // accepted
  std::atomic<std::uint64_t> client_connections{0};  // requests by GET
  std::atomic<std::uint64_t> listener_connections{0};
  std::atomic<std::uint64_t> source_client_connections{0};
  std::atomic<std::uint64_t> source_relay_connections{0};
  std::atomic<std::uint64_t> source_total_connections{0};
  std::atomic<std::uint64_t> stats_connections{0};
  std::atomic<std::uint64_t> file_connections{0};
  std::array<std::atomic<std::uint64_t>, kRefusalNames.size()> refusals{};
  void refused(Refusal why) noexcept {
    refusals[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
  }
  std::atomic<std::uint64_t> takeovers{0};  // between encoders of a mount
  std::array<std::atomic<std::uint64_t>, kSeamNames.size()> relay_switches{};
  std::atomic<std::uint64_t> lagged{0};                      // listeners that fell too far behind
  std::atomic<std::uint64_t> exec_restarts{0};               // of programs of <exec>
  std::atomic<std::uint64_t> reloads{0}, failed_reloads{0};  // of the configuration
  // Of a hand-over: all counters that only grow, in a fixed order.
  template <class F>
  void each(F&& f) {
    for (auto* counter :
         {&connections, &client_connections, &listener_connections, &source_client_connections,
          &source_relay_connections, &source_total_connections, &stats_connections,
          &file_connections, &takeovers, &lagged, &exec_restarts, &reloads, &failed_reloads})
      f(*counter);
    for (auto& counter : relay_switches) f(counter);
    for (auto& counter : refusals) f(counter);
  }
  Gate clients;  // sources, listeners and requests being answered
  Gate sources;
  Gate listeners;  // over all mounts
  PromisedBits promised;
  AddressTally addresses;
};

}  // namespace lb
