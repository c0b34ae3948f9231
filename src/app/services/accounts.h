// Accounts: rights and their records: the records of the store, logins, and the listenings of the
// audience.
// Thread: each member's header names its own.
// Ownership: app::Server, by Services; it outlives the loops.
#pragma once

#include <memory>

#include "app/services/runtime.h"

namespace lb {

class AudienceService;
class Authenticators;
class ConfService;
class ExternalService;
class LoginService;
class PasswordThrottle;
class RecordOverlay;
class RecordService;
class RefusalLog;
class ReportFiles;
struct SessionKeys;
class UsageWatch;
class UserBook;

struct Accounts : Runtime {
  Accounts(const Clock& clock_given, std::shared_ptr<const Config> first, unsigned worker_count);
  ~Accounts();

  Snapshot<UserBook> users;            // from the store; empty without one
  Snapshot<SessionKeys> session_keys;  // of other masters
  std::unique_ptr<PasswordThrottle> throttle;
  std::unique_ptr<RefusalLog> refusals;         // any thread
  std::unique_ptr<AudienceService> listenings;  // see there; ends after all notices
  std::unique_ptr<RecordOverlay> overlay;       // control
  std::unique_ptr<RecordService> records;       // see there
  std::unique_ptr<ConfService> conf;            // control
  std::unique_ptr<ExternalService> external;    // see there
  std::unique_ptr<Authenticators> auth;         // control
  std::unique_ptr<LoginService> login;          // see there
  std::unique_ptr<UsageWatch> usage;            // see there
  std::unique_ptr<ReportFiles> reports;         // control
};

}  // namespace lb
