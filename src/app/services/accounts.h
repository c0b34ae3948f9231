// Accounts: rights and their records: the records of the store, logins, and the listenings of the
// audience.
// Thread: each member's header names its own.
// Ownership: app::Server, by Services; it outlives the loops.
#pragma once

#include <memory>

#include "app/services/runtime.h"
#include "auth/guard/refusal_log.h"
#include "auth/guard/throttle.h"
#include "auth/listener/authenticators.h"
#include "auth/login/session_book.h"
#include "auth/login/user_book.h"
#include "auth/password/passwords.h"

namespace lb {

class AudienceService;
class ConfService;
class ExternalService;
class LoginService;
class RecordOverlay;
class RecordService;
class ReportFiles;
class UsageWatch;

struct Accounts : Runtime {
  Accounts(const Clock& clock_given, std::shared_ptr<const Config> first, unsigned worker_count);
  ~Accounts();

  Snapshot<UserBook> users;            // from the store; empty without one
  Snapshot<SessionKeys> session_keys;  // of other masters
  PasswordThrottle throttle;
  RefusalLog refusals;                          // any thread
  std::unique_ptr<AudienceService> listenings;  // see there; ends after all notices
  std::unique_ptr<RecordOverlay> overlay;       // control
  std::unique_ptr<RecordService> records;       // see there
  std::unique_ptr<ConfService> conf;            // control
  std::unique_ptr<ExternalService> external;    // see there
  std::unique_ptr<Authenticators> auth;         // control
  std::unique_ptr<LoginService> login;          // see there
  std::unique_ptr<UsageWatch> usage;            // see there
  std::unique_ptr<ReportFiles> reports;         // control

  static PasswordSettings passwords(const Config& config);
};

}  // namespace lb
