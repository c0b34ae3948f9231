// ban_stage(): bans of the store: an address, a network, a country, or a user whose login is
// proved. It runs twice: before a listener is redirected, and after its authenticator has named the
// user. A ban of an address on all mounts closes the connection before any stage.
// Source: doc/api.md.
#include "app/join/stages.h"
#include "app/operate/record_service.h"
#include "app/request/password_guesses.h"
#include "app/services/worker.h"
#include "app/topology/country_watch.h"
#include "base/cat.h"

namespace lb {

bool answer_if_banned(Worker& worker, Connection& connection, std::string_view mount) {
  Network& network = worker.services;
  const BanList& bans = worker.bans.read();
  if (bans.empty()) return false;
  const Address& address = connection.peer();
  const std::string country =
      bans.has_countries() ? network.countries->country_of(address) : std::string();
  const Ban* ban =
      bans.find({address, connection.user, country, mount}, network.records->time_of_bans());
  if (ban == nullptr) return false;
  network.counters.refused(Refusal::kBan);
  network.log.info("connection/connection",
                   cat({connection.ip(), " was refused at ", mount, " by ban ", ban->id}));
  connection.reply_text(403, "This client is banned here");
  return true;
}

Verdict ban_stage(Worker& worker, Connection& connection) {
  return answer_if_banned(worker, connection, connection.request().path) ? Verdict::kAnswered
                                                                         : Verdict::kNext;
}

}  // namespace lb
