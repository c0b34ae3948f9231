// ListenSockets: the <listen-socket>s of the configuration, opened, and closed again by a reload.
//
// A socket is identified by its address and port.  A reload opens new ones, closes removed ones and
// gives the others their new settings; accepted connections go on.  A port that moves to an address
// which includes the old one, or is included in it, opens again when the workers have closed it.
// The others are closed when the new ones are open, and stay if none is; a port that could not be
// opened is tried again.  A TLS socket without a usable certificate is bound but does not listen,
// unless a certificate is ordered (<acme>), as the authority may connect there.  Sockets opened by
// a service manager come first (net/socket/inherited_sockets.h), then those that it kept from the
// former process (app/process/service_manager.h), which count as our own.
//
// Thread: control; open() before the loops start, and before privileges are dropped.
// Ownership: Server.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/socket/acceptor.h"
#include "net/socket/inherited_sockets.h"

namespace lb {

struct Config;
struct Traffic;

// Why a port could not be opened, to choose the remedy at the end of its log line.
struct PortFault {
  Error::Code code = Error::Code::kIo;  // kDenied: not allowed for this account
  int port = 0;
  bool is_running = false;  // at a reload: privileges are dropped
  bool is_alone = false;    // at a start: no other port is open either
  bool is_asked = false;    // for a certificate authority: <acme> is on
};
// The end of the log line: a remedy if there is one, and what becomes of the port.
std::string port_remedy(const PortFault& fault);

class ListenSockets {
 public:
  ListenSockets(Traffic& traffic, std::vector<UniqueFd> inherited, std::vector<UniqueFd> kept);

  // For a hand-over: a socket of the former process, which listens all the time.
  struct Handed {
    int wanted_port = 0, port = 0;  // as configured, as bound
    std::string bind_address;
    bool shoutcast = false, inherited = false, tls = false;
    std::vector<UniqueFd> fds;  // one a worker
  };
  void take(std::vector<Handed> handed) { handed_ = std::move(handed); }
  static constexpr std::chrono::seconds kTryAgain{10};

  // Error: no socket could be opened.  Failures of single sockets are logged.
  Result<void> open(const Config& config);
  // Lets the workers accept connections.  REQUIRES: before the loops start
  void begin();
  void certificate_came();
  enum class Attempt : std::uint8_t { kFirst, kAgain };  // kAgain: a known failure is not logged
  // False: a port moves, and the workers have to close it first; call this again afterwards.
  [[nodiscard]] bool apply(const Config& config, Attempt attempt);
  // Whether a port could not be opened, or one is open in its place: apply() again after kTryAgain.
  bool lacks_ports() const noexcept { return !failed_.empty() || !stand_ins_.empty(); }
  std::vector<int> ports() const;
  // All sockets, also those that do not listen yet.
  std::vector<std::shared_ptr<const ListenSocket>> all_sockets() const;
  const std::vector<std::shared_ptr<const ListenSocket>>& open_sockets() const noexcept {
    return open_;
  }

 private:
  using Socket = std::shared_ptr<const ListenSocket>;
  struct Wanted {
    ListenSettings settings;
    int port = 0;
    bool shoutcast = false;
  };
  static std::vector<Wanted> wanted(const Config& config);
  static bool is(const ListenSocket& socket, const Wanted& wanted);
  std::shared_ptr<ListenSocket> take_handed(const Wanted& wanted);
  bool was_handed(int port) const;
  Result<std::shared_ptr<ListenSocket>> take_inherited(const Wanted& wanted);
  Result<Socket> open_one(const Wanted& wanted);
  void log_failures();
  // Whether it can open only when one of these is closed.
  static bool is_under(const std::vector<Socket>& gone, const Wanted& wanted);
  bool has_failed(int port) const;
  void open_moved();
  void close_gone(const std::vector<Socket>& gone, const std::set<int>& moving);
  // The present socket of each wanted one; null where it is not open.
  std::vector<Socket> matching(const std::vector<Wanted>& all) const;
  void keep(Socket& socket, const Wanted& wanted);
  void keep_closed(const Socket& socket, const Wanted& wanted);
  void accept_from(const Socket& socket);
  void stop(const Socket& socket);
  bool has_certificate() const;

  Traffic& traffic_;
  InheritedSockets inherited_;
  InheritedSockets kept_;  // dropped after open(), which closes unwanted ports
  std::vector<Handed> handed_;
  bool is_running_ = false;  // the start is over, and privileges are dropped
  std::vector<Socket> open_;
  std::vector<Socket> closed_;  // bound for TLS, without a certificate
  struct Failure {
    int port = 0;
    Error error;
  };
  std::map<std::string, Failure> failed_;  // by address and port, of the last attempt
  std::set<std::string> logged_;           // those whose failure is logged
  std::set<int> stand_ins_;                // ports that are open for want of another
  // Sockets closed for one at another address, since the last reload.
  std::vector<Wanted> moved_;
};

}  // namespace lb
