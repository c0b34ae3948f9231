#include "app/request/source_ask.h"

#include <memory>
#include <utility>

#include "app/request/password_guesses.h"
#include "app/request/record_logins.h"
#include "app/services/worker.h"

namespace lb {
namespace {

// A login that was accepted is asked about again, however many wrong ones come from its address.
void note_answer(Worker& worker, const Connection& connection, const Credentials& given,
                 const AuthVerdict& verdict, bool counts) {
  if (verdict.wrong_password && counts) note_wrong_password(worker, connection, given.user);
  if (verdict.kind == AuthVerdict::Kind::kAllow) note_right_password(worker, connection, given);
}

}  // namespace

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
                      [&worker, counts, given = ask.given, answered = std::move(answered)](
                          Connection& waiting, AuthVerdict verdict) mutable {
                        note_answer(worker, waiting, given, verdict, counts);
                        answered(waiting, std::move(verdict));
                      });
    return;
  }
  auto kept = std::make_shared<UniqueFunction<void(Connection&, AuthVerdict)>>(std::move(answered));
  worker.services.loops.control().post([&worker, id = connection.id(), section = section.name,
                                        ask = std::move(ask), counts, kept]() mutable {
    Credentials given = ask.given;
    worker.services.auth->ask_source(
        section, std::move(ask),
        [&worker, id, given = std::move(given), counts, kept](AuthVerdict verdict) mutable {
          worker.answer(id, [&worker, given = std::move(given), counts, kept,
                             verdict = std::move(verdict)](Connection& waiting) mutable {
            note_answer(worker, waiting, given, verdict, counts);
            (*kept)(waiting, std::move(verdict));
          });
        });
  });
}

}  // namespace lb
