// LinkClient: connects to one master, and retries: after TCP, TLS 1.3 and the HTTP Upgrade it hands
// the transport over.
//
// Source: doc/link.md: GET /admin/cluster with Upgrade: lbedge-cluster/1, answered 101.  A
// <cluster-port> takes the node's secret as a pre-shared key; a TLS port has the master's
// certificate, and the secret is sent within TLS, as Basic credentials.  TLS is always used.
// Retries: 100 ms after the first failure, then twice as long each time, up to retry_max and at
// most 10 s, less a random part of up to a quarter.  A master that does not answer 101 has no link:
// the next attempt follows after about a minute.
//
// Thread: one loop (control).
// Ownership: MasterSession.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "http/client.h"
#include "net/socket/connector.h"
#include "net/socket/resolver.h"

namespace lb {

struct LinkTarget {
  ConnectTarget target;
  bool by_secret = true;  // a <cluster-port>; otherwise by certificate and password
  std::string id;         // of this node
  std::string secret;
  std::chrono::milliseconds retry_max{10'000};

  bool operator==(const LinkTarget&) const = default;
};

class LinkClient {
 public:
  static constexpr std::chrono::milliseconds kFirstRetry{100};
  static constexpr std::chrono::milliseconds kLongestRetry{10'000};
  static constexpr std::chrono::milliseconds kNoLinkThere{60'000};
  struct Callbacks {
    std::function<std::string()> user_agent;
    // leftover: bytes that followed the head of the answer.
    std::function<void(std::unique_ptr<Transport>, std::string leftover)> connected;
    // The master offers no link; may be empty.
    std::function<void()> no_link;
    Connector::MakeTls by_certificate;
  };
  LinkClient(Loop& loop, Resolver& resolver, Log& log, Rng& rng, LinkTarget target,
             Callbacks callbacks);

  // Connects at once, whatever the last attempt's result.
  void connect();
  bool connecting() const noexcept { return client_ != nullptr; }
  // Ends all attempts.
  void stop();
  // The link has ended; worked: it lasted long enough.  The next attempt follows after at least
  // `pause`.
  void lost(bool worked, std::chrono::milliseconds pause);
  void set_retry_max(std::chrono::milliseconds most) noexcept { target_.retry_max = most; }
  const LinkTarget& target() const noexcept { return target_; }
  std::string name() const;  // "m1.example.org:8100"

 private:
  void on_answer(Result<ClientAnswer> answer);
  void failed(const std::string& why);
  void again_after(std::chrono::milliseconds delay);

  Log& log_;
  Rng& rng_;
  LinkTarget target_;
  Callbacks callbacks_;
  Connector connector_;
  std::unique_ptr<Client> client_;  // null: no attempt
  std::chrono::milliseconds delay_{0};
  std::string last_failure_;  // kept so that it is not logged twice in a row
  Timer again_;
};

// The whole head. credentials: "id:secret", "": none.
std::string link_request(const ConnectTarget& target, std::string_view user_agent,
                         std::string_view credentials);

}  // namespace lb
