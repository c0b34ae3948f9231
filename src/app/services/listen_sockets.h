// ListenSockets: the <listen-socket>s of the configuration, opened, and closed again by a reload.
//
// A socket is known by its address and port.  A reload opens what is new, ends what is gone, and
// gives what stayed its new settings; connections that were accepted live on.  A port that keeps
// its number at another address is open again when its workers have closed it. A TLS socket without
// a usable certificate is bound but closed, unless one is ordered (<acme>): the authority may ask
// there. Sockets that a service manager has opened for us come first
// (net/socket/inherited_sockets.h), then those that it has kept of a process before
// (app/process/service_manager.h), which are as our own.
//
// Thread: control; open() before the loops start, and before privileges are dropped.
// Ownership: Server.
#pragma once

#include <memory>
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

// What an operator does about a port that could not be opened, as its line in the log ends.
struct PortFault {
  Error::Code code = Error::Code::kIo;  // kDenied: this account may not
  int port = 0;
  bool is_running = false;  // by a reload: the rights of the start are given up
  bool is_asked = false;    // by a certificate authority: <acme> is on
};
// "it is skipped", with what to do before it.
std::string_view port_remedy(const PortFault& fault);

class ListenSockets {
 public:
  ListenSockets(Traffic& traffic, std::vector<UniqueFd> inherited, std::vector<UniqueFd> kept);

  // Of a hand-over: those of the process before, which listen all the time.
  struct Handed {
    int wanted_port = 0, port = 0;  // as configured, as bound
    std::string bind_address;
    bool shoutcast = false, inherited = false, tls = false;
    std::vector<UniqueFd> fds;  // one a worker
  };
  void take(std::vector<Handed> handed) { handed_ = std::move(handed); }
  // Error: not one could be opened; the others are in the log.
  Result<void> open(const Config& config);
  // The workers begin to take connections; before the loops start.
  void begin();
  void certificate_came();
  // False: a port waits for its other address, which the workers close; to be called again then.
  [[nodiscard]] bool apply(const Config& config);
  std::vector<int> ports() const;
  // Those too that are closed yet.
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
  // The socket of each of them; null where it is not open yet.
  std::vector<Socket> matching(const std::vector<Wanted>& all) const;
  void keep(Socket& socket, const Wanted& wanted);
  void accept_from(const Socket& socket);
  void stop(const Socket& socket);
  bool has_certificate() const;

  Traffic& traffic_;
  InheritedSockets inherited_;
  InheritedSockets kept_;  // until open() has been: a port that nothing wants is closed by then
  std::vector<Handed> handed_;
  bool is_running_ = false;  // the rights of the start are given up
  std::vector<Socket> open_;
  std::vector<Socket> closed_;  // want TLS and have no certificate
};

}  // namespace lb
