#include "app/join/ban_stage.h"

#include "app/request/password_guesses.h"
#include "app/services/worker.h"
#include "app/topology/country_watch.h"
#include "base/cat.h"

namespace lb {

bool answer_if_banned(Worker& worker, Connection& connection, std::string_view mount) {
  Network& network = worker.services;
  const BanList& bans = worker.bans.read();
  if (bans.empty()) return false;
  const Address address = judged_address(connection);
  const std::string country =
      bans.has_countries() ? network.countries->country_of(address) : std::string();
  const Ban* ban =
      bans.find({address, connection.user, country, mount}, unix_seconds(network.clock.wall()));
  if (ban == nullptr) return false;
  network.counters.refused(Refusal::kBan);
  network.log.info("connection/connection",
                   cat({connection.ip(), " was refused at ", mount, " by ban ", ban->id}));
  connection.reply_text(403, "This client is banned here");
  return true;
}

Verdict BanStage::handle(Connection& connection) {
  return answer_if_banned(worker_, connection, connection.request().path) ? Verdict::kAnswered
                                                                          : Verdict::kNext;
}

}  // namespace lb
