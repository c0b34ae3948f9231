#include "app/request/source_ask.h"

#include <memory>
#include <utility>

#include "app/request/password_guesses.h"
#include "app/request/record_logins.h"
#include "app/services/worker.h"

namespace lb {

bool decides_sources(const MountSettings& section) {
  // A mount that a master passes on without logins has its source at another node: no password of
  // this server opens it.
  return !section.logins.empty() || section.origin == MountOrigin::kMaster ||
         authenticator_decides_sources(section.authenticator.type, section.authenticator.options);
}

void ask_about_source(Worker& worker, Connection& connection, const MountSettings& section,
                      SourceAsk ask, bool counts,
                      UniqueFunction<void(Connection&, AuthVerdict)> answered) {
  connection.shows_user = true;
  if (!section.logins.empty()) {
    ask_record_logins(worker, connection, section, ask.given,
                      [&worker, counts, user = ask.given.user, answered = std::move(answered)](
                          Connection& waiting, AuthVerdict verdict) mutable {
                        if (verdict.wrong_password && counts)
                          note_wrong_password(worker, waiting, user);
                        answered(waiting, std::move(verdict));
                      });
    return;
  }
  auto kept = std::make_shared<UniqueFunction<void(Connection&, AuthVerdict)>>(std::move(answered));
  worker.services.loops.control().post([&worker, id = connection.id(), section = section.name,
                                        ask = std::move(ask), counts, kept]() mutable {
    const std::string user = ask.given.user;
    worker.services.auth->ask_source(
        section, std::move(ask), [&worker, id, user, counts, kept](AuthVerdict verdict) {
          worker.loop.post(
              [&worker, id, user, counts, kept, verdict = std::move(verdict)]() mutable {
                Connection* waiting = worker.find_connection(id);
                if (waiting == nullptr) return;
                if (verdict.wrong_password && counts) note_wrong_password(worker, *waiting, user);
                (*kept)(*waiting, std::move(verdict));
              });
        });
  });
}

}  // namespace lb
