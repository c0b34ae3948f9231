#include "app/request/record_logins.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "app/services/worker.h"
#include "auth/listener/authenticators.h"
#include "auth/password/password_hash.h"
#include "stream/mount/login_hours.h"

namespace lb {
namespace {

struct LoginQuestion {
  std::vector<RecordLogin> rows;
  std::size_t next = 0;
  bool of_another = false;  // the row is not the user's, so no password is right
  std::string password;
  UniqueFunction<void(AuthVerdict)> answered;
};

AuthVerdict right_as(const std::string& user) {
  AuthVerdict verdict = AuthVerdict::of(AuthVerdict::Kind::kAllow);
  verdict.user = user;
  return verdict;
}

AuthVerdict wrong_login() {
  AuthVerdict verdict = AuthVerdict::of(AuthVerdict::Kind::kRefuse);
  verdict.wrong_password = true;
  return verdict;
}

// The first row that matches without a slow hash.
const RecordLogin* right_at_once(std::vector<RecordLogin>& rows, const std::string& password) {
  const RecordLogin* found = nullptr;
  for (const RecordLogin& row : rows) {
    const bool fast = !row.hash.empty() && !is_slow_hash(row.hash);
    const bool right = row.hash.empty() ? secret_equal(row.password, password)
                                        : fast && password_matches(row.hash, password);
    if (right && found == nullptr) found = &row;
  }
  return found;
}

bool has_slow_hash(const RecordLogin& row) { return !row.hash.empty() && is_slow_hash(row.hash); }

// An unknown name takes as long as a known one.
void compare_with_another(const MountSettings& section, LoginQuestion& question) {
  const auto other = std::find_if(section.logins.begin(), section.logins.end(), has_slow_hash);
  if (other == section.logins.end()) return;
  question.rows.push_back(*other);
  question.of_another = true;
}

void ask_next(Accounts& accounts, std::shared_ptr<LoginQuestion> question) {
  if (question->next == question->rows.size()) {
    question->answered(wrong_login());
    return;
  }
  const RecordLogin& row = question->rows[question->next++];
  const bool taken = accounts.auth->check_hash(row.hash, question->password,
                                               [&accounts, question, user = row.user](bool right) {
                                                 if (right && !question->of_another)
                                                   question->answered(right_as(user));
                                                 else
                                                   ask_next(accounts, question);
                                               });
  if (!taken) question->answered(AuthVerdict::of(AuthVerdict::Kind::kLater));
}

}  // namespace

std::vector<RecordLogin> possible_logins(const MountSettings& section, std::string_view user,
                                         std::int64_t now) {
  std::vector<RecordLogin> by_name, valid;
  for (const RecordLogin& row : section.logins) {
    if (!is_in_hours(row, now)) continue;
    valid.push_back(row);
    if (row.user == user) by_name.push_back(row);
  }
  const bool named = std::any_of(section.logins.begin(), section.logins.end(),
                                 [user](const RecordLogin& row) { return row.user == user; });
  return !named && user == section.username ? valid : by_name;
}

void ask_record_logins(Worker& worker, Connection& connection, const MountSettings& section,
                       Credentials given, UniqueFunction<void(Connection&, AuthVerdict)> answered) {
  auto question = std::make_shared<LoginQuestion>();
  question->rows = possible_logins(section, given.user, unix_seconds(worker.services.clock.wall()));
  question->password = std::move(given.password);
  question->answered = [&worker, id = connection.id(),
                        answered = std::move(answered)](AuthVerdict verdict) mutable {
    worker.answer(id, [answered = std::move(answered), verdict = std::move(verdict)](
                          Connection& waiting) mutable { answered(waiting, std::move(verdict)); });
  };
  if (const RecordLogin* row = right_at_once(question->rows, question->password)) {
    question->answered(right_as(row->user));
    return;
  }
  if (question->rows.empty()) compare_with_another(section, *question);
  std::erase_if(question->rows, [](const RecordLogin& row) { return !has_slow_hash(row); });
  worker.services.loops.control().post(
      [&accounts = worker.services, question] { ask_next(accounts, question); });
}

}  // namespace lb
