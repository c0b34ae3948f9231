// The htpasswd authenticator: the users of a file.
// Source: Icecast 2.4.4.  Beyond it: modern hashes, changes of a file seen to the nanosecond,
// comments that survive an edit.
// Thread: control; the file is read, searched and written on the clerk.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "auth/guard/watched_file.h"
#include "auth/listener/authenticator.h"
#include "auth/listener/user_table.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/file.h"

namespace lb {
namespace {

constexpr std::string_view kHtpasswdModule = "auth_htpasswd/htpasswd";
constexpr auto kOptions = std::to_array<std::string_view>(
    {"filename", "allow_duplicate_users", "drop_existing_listener", "rejected_mount", "hash"});

// Users that cannot log in because of their hash; "": none.
std::string locked_out_text(const std::string& path, const UserTable& table) {
  if (table.locked_out().empty()) return {};
  return cat({path, ": ", table.locked_out().size(), " users cannot log in; the first is \"",
              table.locked_out().front(), "\": its hash ",
              hash_complaint(*table.find(table.locked_out().front()))});
}

// The file as the clerk sees it.  Tasks of authenticators share it, so it lives as long as the last
// of them.
struct UserFile {
  UserFile(std::string path, std::optional<HashMethod> method_given, Log& log_given)
      : file(std::move(path)), method(method_given), log(log_given) {}

  void refresh() {
    auto text = file.read_if_changed();
    if (!text) return;
    if (*text) {
      table = UserTable::parse(**text);
      if (const auto trouble = locked_out_text(file.path(), table); !trouble.empty())
        log.warn(kHtpasswdModule, trouble);
      return;
    }
    // An editor or a script may remove the file for a moment.
    log.error(kHtpasswdModule,
              cat({text->error().what, table.names().empty() ? "; every user is refused"
                                                             : "; the users read before stay"}));
  }

  UserEditResult edit(const UserEdit& wanted) {
    using Outcome = UserEditResult::Outcome;
    refresh();
    Outcome outcome = Outcome::kListed;
    if (wanted.action == UserEdit::Action::kAdd)
      outcome = table.find(wanted.user) != nullptr ? Outcome::kExists : add(wanted);
    else if (wanted.action == UserEdit::Action::kRemove)
      outcome = remove(wanted.user);
    refresh();
    return {outcome, table.names()};
  }

  UserEditResult::Outcome add(const UserEdit& wanted) {
    using Outcome = UserEditResult::Outcome;
    if (!is_user_name(wanted.user)) {
      log.error(kHtpasswdModule,
                cat({file.path(), ": \"", wanted.user, "\" cannot be a user name; not added"}));
      return Outcome::kFailed;
    }
    const auto hash = hash_password(method.value_or(usual_method()), wanted.password);
    if (!hash) {
      log.error(kHtpasswdModule, cat({file.path(), ": the password of ", wanted.user,
                                      " cannot be hashed; not added"}));
      return Outcome::kFailed;
    }
    auto now = read_file(file.path());
    if (!now && now.error().code != Error::Code::kNotFound) return failed(now.error());
    return write(with_user(now ? now->text : std::string(), wanted.user, *hash), Outcome::kAdded);
  }

  // A file with only Icecast's hashes keeps to them, so that Icecast can still read it.
  HashMethod usual_method() const {
    const auto& names = table.names();
    const bool icecasts =
        !names.empty() && std::all_of(names.begin(), names.end(), [this](const std::string& name) {
          return !is_slow_hash(*table.find(name));
        });
    return icecasts ? HashMethod::kMd5 : best_hash_method();
  }

  UserEditResult::Outcome remove(const std::string& user) {
    auto now = read_file(file.path());
    if (!now) return failed(now.error());
    return write(without_user(now->text, user), UserEditResult::Outcome::kRemoved);
  }

  UserEditResult::Outcome write(const std::string& text, UserEditResult::Outcome done) {
    const auto written = replace_edited_file(file.path(), text);
    return written ? done : failed(written.error());
  }

  UserEditResult::Outcome failed(const Error& error) {
    log.error(kHtpasswdModule, error.what + "; the users stay as they are");
    return UserEditResult::Outcome::kFailed;
  }

  WatchedFile file;
  const std::optional<HashMethod> method;  // none: usual_method()
  Log& log;
  UserTable table;
};

class Htpasswd final : public Authenticator {
 public:
  Htpasswd(std::string path, std::optional<HashMethod> method, AuthContext& context)
      : context_(context),
        file_(std::make_shared<UserFile>(std::move(path), method, context.log)) {}

  void ask_listener(ListenerAsk ask, Done done) override {
    if (!ask.given) return done(AuthVerdict::of(AuthVerdict::Kind::kRefuse));
    struct Search {
      Credentials given;
      std::string hash;
      bool throttled = false, known = false, judged = false, right = false;
      Done done;
    };
    auto search = std::make_shared<Search>();
    search->given = std::move(*ask.given);
    search->throttled = ask.throttled;
    search->done = std::move(done);
    ++under_way_;
    context_.clerk.post([this, file = file_, search] {
      file->refresh();
      const std::string* hash = file->table.find(search->given.user);
      search->known = hash != nullptr;
      search->hash = hash != nullptr ? *hash : file->table.decoy();
      search->judged = !is_slow_hash(search->hash);
      if (search->judged) search->right = password_matches(search->hash, search->given.password);
      context_.control.post([this, search] {
        const auto settle = [this, search](bool right) {
          --under_way_;
          search->done(verdict(search->known && right, search->throttled));
        };
        if (search->judged) return settle(search->right);
        if (search->throttled) return settle(false);
        if (context_.hashes.check(std::move(search->hash), std::move(search->given.password),
                                  settle))
          return;
        --under_way_;
        search->done(AuthVerdict::of(AuthVerdict::Kind::kLater));
      });
    });
  }

  void edit_users(UserEdit edit, UniqueFunction<void(UserEditResult)> done) override {
    struct Task {
      UserEdit edit;
      UniqueFunction<void(UserEditResult)> done;
    };
    auto task = std::make_shared<Task>(Task{std::move(edit), std::move(done)});
    ++under_way_;
    context_.clerk.post([this, file = file_, task] {
      auto result = file->edit(task->edit);
      context_.control.post([this, task, result = std::move(result)] {
        --under_way_;
        task->done(result);
      });
    });
  }

  bool idle() const override { return under_way_ == 0; }

 private:
  static AuthVerdict verdict(bool right, bool throttled) {
    if (!right && throttled) return AuthVerdict::of(AuthVerdict::Kind::kThrottled);
    AuthVerdict made =
        AuthVerdict::of(right ? AuthVerdict::Kind::kAllow : AuthVerdict::Kind::kRefuse);
    made.wrong_password = !right;
    made.right_password = right;
    return made;
  }

  AuthContext& context_;
  const std::shared_ptr<UserFile> file_;
  unsigned under_way_ = 0;
};

}  // namespace

Result<std::unique_ptr<Authenticator>> make_htpasswd(const AuthOptions& options,
                                                     AuthContext& context);
std::vector<std::string> htpasswd_complaints(const AuthOptions& options);

std::vector<std::string> htpasswd_complaints(const AuthOptions& options) {
  std::vector<std::string> complaints = unknown_auth_options(options, kOptions);
  const std::string path(auth_option(options, "filename"));
  if (path.empty())
    complaints.push_back("there is no option \"filename\"; every listener is refused");
  else if (const auto file = read_file(path))
    if (auto text = locked_out_text(path, UserTable::parse(file->text)); !text.empty())
      complaints.push_back(std::move(text));
  const std::string_view hash = auth_option(options, "hash");
  if (!hash.empty() && !hash_method(hash))
    complaints.push_back(
        cat({"option \"hash\": \"", hash,
             "\" is not one of md5, bcrypt, sha512, yescrypt; every listener is refused"}));
  return complaints;
}

Result<std::unique_ptr<Authenticator>> make_htpasswd(const AuthOptions& options,
                                                     AuthContext& context) {
  for (const std::string& text : unknown_auth_options(options, kOptions))
    context.log.warn(kHtpasswdModule, "authentication htpasswd: " + text);
  const std::string path(auth_option(options, "filename"));
  if (path.empty())
    return Error::invalid("authentication htpasswd: there is no option \"filename\"");
  const std::string_view wanted = auth_option(options, "hash");
  const auto method = hash_method(wanted);
  if (!method && !wanted.empty())
    return Error::invalid(cat({"authentication htpasswd: hash \"", wanted,
                               "\" is not one of md5, bcrypt, sha512, yescrypt"}));
  return Result<std::unique_ptr<Authenticator>>(std::make_unique<Htpasswd>(path, method, context));
}

}  // namespace lb
