#include "app/services/listen_sockets.h"

#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "net/address/bind_address.h"
#include "net/tls/tls_keeper.h"

namespace lb {
namespace {

constexpr std::string_view kSocketsModule = "connection/connection_setup_sockets";

std::string address_text(const ListenSettings& settings, int port) {
  return cat({settings.bind_address, ":", port});
}

}  // namespace

ListenSockets::ListenSockets(Traffic& traffic, std::vector<UniqueFd> inherited,
                             std::vector<UniqueFd> kept)
    : traffic_(traffic) {
  std::vector<std::string> strange;
  inherited_ = InheritedSockets(std::move(inherited), strange);
  kept_ = InheritedSockets(std::move(kept), strange);
  for (const std::string& text : strange) traffic_.log.warn(kSocketsModule, text);
}

std::vector<ListenSockets::Wanted> ListenSockets::wanted(const Config& config) {
  std::vector<Wanted> all;
  for (const ListenSettings& settings : config.listen) {
    all.push_back({settings, settings.port, settings.shoutcast_compat});
    // <shoutcast-mount> opens a second socket, one port above, for Shoutcast sources.
    if (!settings.shoutcast_compat && !settings.shoutcast_mount.empty())
      all.push_back({settings, settings.port + 1, true});
  }
  return all;
}

bool ListenSockets::is(const ListenSocket& socket, const Wanted& wanted) {
  // The configured port, since the system may have chosen the bound one.
  return socket.shoutcast == wanted.shoutcast && socket.settings.port == wanted.settings.port &&
         socket.settings.bind_address == wanted.settings.bind_address;
}

bool ListenSockets::has_certificate() const { return traffic_.tls->context() != nullptr; }

// Null: none of the handed-over sockets matches.
std::shared_ptr<ListenSocket> ListenSockets::take_handed(const Wanted& wanted) {
  const auto is_it = [&wanted](const Handed& one) {
    return one.wanted_port == wanted.port && one.bind_address == wanted.settings.bind_address &&
           one.shoutcast == wanted.shoutcast;
  };
  // Among several sockets on ports that the system has chosen, one with the same TLS setting is
  // preferred.
  auto at = std::find_if(handed_.begin(), handed_.end(), [&](const Handed& one) {
    return is_it(one) && one.tls == wanted.settings.tls;
  });
  if (at == handed_.end()) at = std::find_if(handed_.begin(), handed_.end(), is_it);
  if (at == handed_.end() || at->fds.size() != traffic_.loops.workers()) return nullptr;
  auto socket = ListenSocket::of(wanted.settings, at->port, wanted.shoutcast, std::move(at->fds));
  socket->inherited = at->inherited;
  handed_.erase(at);
  return socket;
}

// Whether the port was handed over, at another address.
bool ListenSockets::was_handed(int port) const {
  return std::any_of(handed_.begin(), handed_.end(),
                     [port](const Handed& one) { return one.port == port; });
}

// Null: no socket was inherited for it.
Result<std::shared_ptr<ListenSocket>> ListenSockets::take_inherited(const Wanted& wanted) {
  const unsigned workers = traffic_.loops.workers();
  auto made = inherited_.adopt(wanted.settings, wanted.port, wanted.shoutcast, workers);
  if (!made || *made != nullptr) return made;
  made = kept_.adopt(wanted.settings, wanted.port, wanted.shoutcast, workers);
  if (made && *made != nullptr) (*made)->inherited = false;  // a reload may close it
  return made;
}

Result<ListenSockets::Socket> ListenSockets::open_one(const Wanted& wanted) {
  const bool closed = wanted.settings.tls && !has_certificate();
  // A socket that listens cannot stop that: connections would wait for ever.
  const bool shared = was_handed(wanted.port);
  if (auto handed = take_handed(wanted); handed && !(closed && handed->is_listening())) {
    (closed ? closed_ : open_).push_back(handed);
    return Socket(handed);
  }
  auto made = take_inherited(wanted);
  if (made && *made != nullptr && closed && !(*made)->inherited && (*made)->is_listening())
    made->reset();
  if (made && *made == nullptr)
    made = ListenSocket::open(wanted.settings, wanted.port, wanted.shoutcast,
                              traffic_.loops.workers(), closed, shared);
  if (!made) {
    failed_[address_text(wanted.settings, wanted.port)] = {wanted.port, made.error()};
    return made.error();
  }
  Socket socket = std::move(*made);
  if (!closed) {
    open_.push_back(socket);
    return socket;
  }
  closed_.push_back(std::move(socket));
  const Error error = Error::io(
      cat({"listen-socket port ", wanted.port, " is for TLS, but there is no usable certificate"}));
  traffic_.log.error(kSocketsModule, error.what + "; it stays closed until there is one");
  return error;
}

void ListenSockets::log_failures() {
  const bool is_asked = first_acme(*traffic_.config.read()) != nullptr;
  for (const auto& [place, failure] : failed_)
    if (logged_.insert(place).second)
      traffic_.log.error(kSocketsModule,
                         cat({failure.error.what, "; ",
                              port_remedy({failure.error.code, failure.port, is_running_,
                                           !is_running_ && open_.empty(), is_asked})}));
  std::erase_if(logged_, [this](const std::string& place) { return !failed_.contains(place); });
}

Result<void> ListenSockets::open(const Config& config) {
  Error last = Error::io("no <listen-socket>");
  for (const Wanted& one : wanted(config))
    if (auto opened = open_one(one); !opened) last = opened.error();
  log_failures();
  for (const std::string& name : inherited_.unused())
    traffic_.log.warn(kSocketsModule,
                      cat({"inherited socket ", name, " matches no <listen-socket>; not used"}));
  for (const std::string& name : kept_.unused())
    traffic_.log.info(kSocketsModule, cat({"socket ", name,
                                           ", which the service manager has kept, matches no "
                                           "<listen-socket> any more; closed"}));
  kept_ = {};
  // Closes the sockets that the configuration no longer has: the kernel would go on queueing
  // connections for them.
  handed_.clear();
  if (open_.empty()) return last;
  return {};
}

void ListenSockets::begin() {
  for (const Socket& socket : open_) {
    // The process before may have kept it closed for want of a certificate.
    if (auto listening = socket->listen(); !listening)
      traffic_.log.error(kSocketsModule, listening.error().what);
    for (const auto& worker : traffic_.workers) worker->accept_from(socket);
  }
}

void ListenSockets::accept_from(const Socket& socket) {
  for (const auto& worker : traffic_.workers)
    worker->loop.post([w = worker.get(), socket] { w->accept_from(socket); });
}

void ListenSockets::stop(const Socket& socket) {
  for (const auto& worker : traffic_.workers)
    worker->loop.post([w = worker.get(), socket] { w->stop_accepting(*socket); });
  traffic_.log.info(kSocketsModule, cat({"port ", socket->port, " is closed"}));
}

void ListenSockets::certificate_came() {
  for (const Socket& socket : std::exchange(closed_, {})) {
    if (auto listening = socket->listen(); !listening) {
      traffic_.log.error(kSocketsModule, listening.error().what);
      continue;
    }
    traffic_.log.info(kSocketsModule,
                      cat({"port ", socket->port,
                           traffic_.tls->context()->certificates().empty()
                               ? " is open, for the challenge of a certificate authority"
                               : " is open, now that there is a certificate"}));
    open_.push_back(socket);
    accept_from(socket);
  }
}

void ListenSockets::keep(Socket& socket, const Wanted& wanted) {
  if (socket->settings == wanted.settings) return;
  const Socket before = socket;
  socket = before->with(wanted.settings);
  for (const auto& worker : traffic_.workers)
    worker->loop.post(
        [w = worker.get(), before, after = socket] { w->accept_from(after, before.get()); });
}

// It waits for a certificate, which it may no longer need.
void ListenSockets::keep_closed(const Socket& socket, const Wanted& wanted) {
  if (wanted.settings.tls && !has_certificate()) {
    const auto waits = std::make_shared<ListenSocket>(*socket);  // with() would listen
    waits->settings = wanted.settings;
    std::replace(closed_.begin(), closed_.end(), socket, Socket(waits));
    return;
  }
  const Socket after = socket->with(wanted.settings);
  if (auto listening = after->listen(); !listening) {
    traffic_.log.error(kSocketsModule, listening.error().what);
    return;
  }
  std::erase(closed_, socket);
  open_.push_back(after);
  traffic_.log.info(kSocketsModule, cat({"port ", after->port, " is open"}));
  accept_from(after);
}

// Several sockets may be alike, on ports that the system has chosen: equal settings match first,
// then the same kind, then any, in order.
std::vector<ListenSockets::Socket> ListenSockets::matching(const std::vector<Wanted>& all) const {
  std::vector<Socket> found(all.size()), left = all_sockets();
  const auto match = [&](auto same) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (found[i]) continue;
      const auto at = std::find_if(left.begin(), left.end(), [&](const Socket& socket) {
        return is(*socket, all[i]) && same(socket->settings, all[i].settings);
      });
      if (at == left.end()) continue;
      found[i] = *at;
      left.erase(at);
    }
  };
  match([](const ListenSettings& a, const ListenSettings& b) { return a == b; });
  match([](const ListenSettings& a, const ListenSettings& b) { return a.tls == b.tls; });
  match([](const ListenSettings&, const ListenSettings&) { return true; });
  return found;
}

// moving: ports that can open at another address only when these are closed.  Of the others one
// stays while its port is nowhere else, since it could not be opened there, and all while there is
// nothing in their place: a server without a port cannot be reached to be told another one.
void ListenSockets::close_gone(const std::vector<Socket>& gone, const std::set<int>& moving) {
  const auto closes = [&](const Socket& socket) {
    return !socket->inherited && std::find(gone.begin(), gone.end(), socket) != gone.end();
  };
  std::set<int> replaced;
  for (const Socket& socket : open_)
    if (!closes(socket)) replaced.insert(socket->port);
  std::vector<Socket> left;
  for (const Socket& socket : std::exchange(open_, {})) {
    const bool stays = !moving.contains(socket->port) && !replaced.contains(socket->port) &&
                       (replaced.empty() || has_failed(socket->port));
    if (closes(socket) && !stays) {
      if (moving.contains(socket->port))
        moved_.push_back({socket->settings, socket->port, socket->shoutcast});
      stop(socket);
      stand_ins_.erase(socket->port);
      continue;
    }
    if (closes(socket) && stand_ins_.insert(socket->port).second)
      traffic_.log.warn(kSocketsModule, cat({"port ", socket->port, " stays open instead"}));
    left.push_back(socket);
  }
  open_ = std::move(left);
  std::erase_if(closed_, [&gone](const Socket& socket) {
    return std::find(gone.begin(), gone.end(), socket) != gone.end();
  });
}

bool ListenSockets::is_under(const std::vector<Socket>& gone, const Wanted& wanted) {
  return std::any_of(gone.begin(), gone.end(), [&wanted](const Socket& socket) {
    return !socket->inherited && socket->port == wanted.port &&
           do_overlap(socket->settings.bind_address, wanted.settings.bind_address);
  });
}

bool ListenSockets::has_failed(int port) const {
  return std::any_of(failed_.begin(), failed_.end(),
                     [port](const auto& row) { return row.second.port == port; });
}

// Another program has a part of the new address.
void ListenSockets::open_moved() {
  for (const Wanted& one : moved_) {
    const bool is_open = std::any_of(open_.begin(), open_.end(), [&one](const Socket& socket) {
      return socket->port == one.port;
    });
    if (is_open || !has_failed(one.port)) continue;
    if (const auto opened = open_one(one)) {
      stand_ins_.insert(one.port);
      traffic_.log.warn(kSocketsModule, cat({"port ", one.port, " is open at ",
                                             one.settings.bind_address, " again instead"}));
      accept_from(*opened);
    }
  }
}

bool ListenSockets::apply(const Config& config, Attempt attempt) {
  is_running_ = true;
  if (attempt == Attempt::kFirst) {
    logged_.clear();
    stand_ins_.clear();
    moved_.clear();
  }
  failed_.clear();
  const auto all = wanted(config);
  const auto found = matching(all);
  std::vector<Socket> gone = all_sockets();
  std::erase_if(gone, [&found](const Socket& socket) {
    return std::find(found.begin(), found.end(), socket) != found.end();
  });
  std::set<int> moving;
  for (const Socket& socket : open_) {
    if (std::find(gone.begin(), gone.end(), socket) == gone.end()) continue;
    if (socket->inherited && attempt == Attempt::kFirst)
      traffic_.log.warn(kSocketsModule,
                        cat({"port ", socket->port,
                             " was opened by the service manager and stays open until a restart"}));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (found[i]) {
      const auto at = std::find(open_.begin(), open_.end(), found[i]);
      if (at != open_.end())
        keep(*at, all[i]);
      else
        keep_closed(found[i], all[i]);
      // A stand-in is not closed for another attempt, which would refuse listeners meanwhile.
    } else if (!stand_ins_.contains(all[i].port) && is_under(gone, all[i]) &&
               is_port_taken(SOCK_STREAM, all[i].settings.bind_address, all[i].port)) {
      moving.insert(all[i].port);
    } else if (auto opened = open_one(all[i])) {
      traffic_.log.info(kSocketsModule, cat({"port ", (*opened)->port, " is open"}));
      accept_from(*opened);
    }
  }
  log_failures();
  open_moved();
  close_gone(gone, moving);
  return moving.empty();
}

std::vector<ListenSockets::Socket> ListenSockets::all_sockets() const {
  std::vector<Socket> all = open_;
  all.insert(all.end(), closed_.begin(), closed_.end());
  return all;
}

std::vector<int> ListenSockets::ports() const {
  std::vector<int> ports;
  for (const Socket& socket : open_) ports.push_back(socket->port);
  return ports;
}

std::string port_remedy(const PortFault& fault) {
  constexpr int kHttpPort = 80, kHttpsPort = 443;
  if (fault.code == Error::Code::kDenied && fault.is_running)
    return "ports below 1024 are opened at a start as root with <changeowner>, or with "
           "CAP_NET_BIND_SERVICE; it is skipped, a restart opens it";
  const std::string_view end =
      fault.is_alone ? "no port is open, and the server does not start" : "it is tried again";
  if (fault.code == Error::Code::kDenied)
    return cat(
        {"ports below 1024 need a start as root with <changeowner>, or "
         "CAP_NET_BIND_SERVICE; ",
         fault.is_alone ? end : "it is skipped, the other ports are served"});
  if (fault.is_asked && fault.port == kHttpPort)
    return cat(
        {"another program that has it may pass /.well-known/acme-challenge/ on to this "
         "server (doc/https.md); ",
         end});
  if (fault.is_asked && fault.port == kHttpsPort)
    return cat(
        {"another program that has it may pass TLS through to this server, or <challenges> "
         "leaves tls-alpn-01 out (doc/https.md); ",
         end});
  return std::string(end);
}

}  // namespace lb
