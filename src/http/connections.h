// Connections: all inbound connections of one worker that are not yet listeners or sources.
//
// Budget: HttpSettings limits incomplete request heads and TLS handshakes; above a limit the oldest
// one ends (a head after two seconds), so that idle sockets never lock out listeners, sources or
// the administrator (doc/decisions.md B9).  Kept connections have a budget of their own, and are
// closed first when descriptors are short.
//
// Of long answers that are not shared, a client (address, /64) may leave kUnread bytes unread, or
// one answer.
// Thread: its worker.
// Ownership: owns its connections.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/intrusive_list.h"
#include "base/log.h"
#include "base/rate_limit.h"
#include "base/snapshot.h"
#include "http/access_line.h"
#include "http/connection.h"
#include "http/route_table.h"
#include "net/address/address_list.h"

namespace lb {

struct HeldRequest;
class Log;
class Loop;

// AccessBatch: writes the access-log lines of one turn of a loop together, because a write for each
// line is a fifth of the cost of a 302.
// They are in the file at the end of the turn; until then at most kMaxBytes are in memory.  Shared
// by its owner and, for a turn, by the loop.
class AccessBatch : public std::enable_shared_from_this<AccessBatch> {
 public:
  static constexpr std::size_t kMaxBytes = 65536;

  AccessBatch(Loop& loop, Log& log) : loop_(loop), log_(log) {}
  ~AccessBatch() { flush(); }
  AccessBatch(const AccessBatch&) = delete;
  AccessBatch& operator=(const AccessBatch&) = delete;

  void add(AccessFacts facts, WallTime now);
  void flush();

 private:
  Loop& loop_;
  Log& log_;
  std::string lines_;
  // The second that was formatted last, because every line needs it.
  WallTime second_{};
  std::string time_;
};

struct HttpSettings {
  std::string server_id;
  std::vector<HttpHeader> http_headers;
  std::chrono::seconds header_timeout{15};
  std::chrono::seconds client_timeout{30};
  std::size_t most_open_heads = 1024;
  std::size_t most_handshakes = 1000;
  std::size_t most_kept = 8192;
  AddressList trusted_proxies;  // their forwarding headers are trusted
};

class Connections final : public ConnectionSink {
 public:
  struct Plan {
    RouteTable routes;                            // the last stage of each always answers
    std::function<RequestContextPtr()> context;   // for Connection::context(); never returns null
    std::function<bool(const Address&)> welcome;  // false: closed at once, without a byte
    // The password line of a Shoutcast login is complete; false: drop.
    std::function<bool(Connection&)> shoutcast_login;
    std::function<void()> accepted;  // for the counters
    // The number of body bytes read before the stages; unset: only forms.
    std::function<std::size_t(Connection&)> body_limit;
    // Whether pages of other sites may read the answer; unset: never.
    std::function<bool(const Request&)> cross_origin;
    // The application/problem+json of an error below /api; unset: the server's own words.
    std::function<std::string(const Request&, int status, std::string_view text)> api_problem;
    // The certificates for new connections; unset or null: none.
    std::function<std::shared_ptr<const TlsContext>()> certificates;
  };
  Connections(Loop& loop, Log& log, const Snapshot<HttpSettings>& settings,
              std::atomic<std::uint64_t>& next_id);
  ~Connections() override;
  void set_plan(Plan plan) { plan_ = std::move(plan); }

  void accepted(std::unique_ptr<Transport> transport,
                const std::shared_ptr<const ListenSocket>& socket) override;
  bool make_room() override;

  // For a hand-over, between two turns of the loop: the connections that another process takes and
  // asks again.  No request begins here afterwards. rests: includes partly sent answers; files: the
  // rest of an answer may go as a file; shared: as one file for several answers.
  std::vector<HeldRequest> unanswered(bool rests, bool files, bool shared);
  void forget_unanswered();
  // From any thread.
  std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }
  // Takes a connection with an unanswered request from the former process, with its transport and
  // socket.
  void adopt(std::unique_ptr<Transport> transport,
             const std::shared_ptr<const ListenSocket>& socket, const HeldRequest& held);

  // Null: gone.
  Connection* find(std::uint64_t id);
  void end_all();
  // Ends the connections that still read this body.
  void end_readers_of(const void* owner);
  Loop& loop() noexcept { return loop_; }

 private:
  friend class Connection;
  void remove(Connection& connection);
  std::uint64_t new_id() { return next_id_.fetch_add(1, std::memory_order_relaxed); }
  template <class Start>
  void start(std::uint64_t id, std::unique_ptr<Transport> transport,
             const std::shared_ptr<const ListenSocket>& socket, Start&& start_it);
  void head_begins(Connection& connection);       // adds it to the open heads
  void is_kept(Connection& connection);           // adds it to the kept connections
  void form_begins(Connection& connection);       // a kept one is an open head from now on
  void request_complete(Connection& connection);  // removes it from both
  void decision_begins(Connection& connection);   // the socket is not watched until the decision
  void watch_the_undecided();
  // Null: a request comes at once.
  std::unique_ptr<Opening> opening_of(const ListenSocket& socket) const;
  void handshake_begins(const Connection& connection);
  void handshake_ends() noexcept { --handshake_count_; }
  // False: the socket serves only proxies, and the peer is not a proxy.
  bool may_speak_for_others(const Transport& transport, const ListenSocket& socket);
  void opening_failed(const Connection& connection, const Opening& opening);
  void log_refusal(const std::string& text, const ListenSocket& socket);

  Loop& loop_;
  Log& log_;
  std::shared_ptr<AccessBatch> access_;  // the loop may flush it after this object is gone
  SnapshotReader<HttpSettings> settings_;
  std::atomic<std::uint64_t>& next_id_;
  Plan plan_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::atomic<std::size_t> count_{0};     // of these
  std::vector<std::uint64_t> held_;       // of the last unanswered()
  bool leaving_ = false;                  // another process answers further requests
  const Connection* starting_ = nullptr;  // in accepted()
  std::unique_ptr<Connection> ended_at_once_;
  // Connections that ended in this turn; the loop may free them after this object is gone.
  const std::shared_ptr<std::vector<std::unique_ptr<Connection>>> gone_;
  IntrusiveList<Connection> open_heads_;  // or with an open form; oldest first
  std::size_t open_head_count_ = 0;
  IntrusiveList<Connection> kept_;  // likewise
  std::size_t kept_count_ = 0;
  IntrusiveList<Connection> undecided_;
  Timer undecided_timer_;
  std::size_t handshake_count_ = 0;
  RepeatGuard proxy_guard_;
  static constexpr std::uint64_t kUnread = 32 << 20;
  using UnreadBytes = std::unordered_map<std::string, std::uint64_t>;  // by Address::network()
  const std::shared_ptr<UnreadBytes> unread_ = std::make_shared<UnreadBytes>();
  std::array<std::byte, 16384> scratch_;
  std::string access_line_;  // of one request; kept to reuse its memory
};

}  // namespace lb
