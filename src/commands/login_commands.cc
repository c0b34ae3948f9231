#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "auth/login/key_ring.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "commands/commands.h"
#include "config/load/loader.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {
namespace {

constexpr std::size_t kLongestLine = 1024;
constexpr std::chrono::seconds kServerPatience{10};
constexpr std::string_view kNoneGiven = "no password was given, or not the same one twice";

void print_to(int fd, std::string_view text) {
  [[maybe_unused]] const bool written = write_all(fd, text);
}

// Switches the terminal's echo off while it lives.
class QuietTerminal {
 public:
  QuietTerminal() : is_terminal_(::isatty(STDIN_FILENO) == 1) {
    if (!is_terminal_ || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~QuietTerminal() {
    if (!is_terminal_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    print_to(STDERR_FILENO, "\n");
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  bool is_terminal() const noexcept { return is_terminal_; }

 private:
  bool is_terminal_ = false;
  termios before_{};
};

// nullopt: no input, or too much.
std::optional<std::string> read_line() {
  std::string line;
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
    if (line.push_back(c); line.size() > kLongestLine) return std::nullopt;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return std::nullopt;
  return line;
}

std::optional<std::string> read_password() {
  std::optional<std::string> password;
  {
    const QuietTerminal terminal;
    if (terminal.is_terminal()) print_to(STDERR_FILENO, "Password: ");
    password = read_line();
    if (!terminal.is_terminal()) return password;
  }
  const QuietTerminal terminal;
  print_to(STDERR_FILENO, "Once more: ");
  return read_line() == password ? password : std::nullopt;
}

int complain(std::string_view what) {
  print_to(STDERR_FILENO, cat({"icecast-lb: ", what, "\n"}));
  return 1;
}

Result<FetchAnswer> ask_once(FetchRequest request) {
  Loop loop(0, system_clock());
  Fetcher fetcher(loop);
  std::optional<Result<FetchAnswer>> got;
  fetcher.start(std::move(request),
                [&got](Result<FetchAnswer> answer) { got = std::move(answer); });
  while (!got) loop.run_once(true);
  return *std::move(got);
}

// The detail of a problem (RFC 9457) as ": DETAIL".
std::string what_it_says(const std::string& body) {
  const auto problem = Json::parse(body);
  if (!problem || !problem->is_object()) return {};
  std::string out;
  const auto add = [&out](std::optional<std::string_view> text) {
    if (text && !text->empty()) out += cat({": ", *text});
  };
  add(problem->at("detail").text());
  add(problem->at("errors").at(std::size_t{0}).at("detail").text());
  return out;
}

}  // namespace

int hash_given_password(const std::string& user) {
  const auto password = read_password();
  if (!password) return complain(kNoneGiven);
  const auto hash = hash_password(best_hash_method(), *password);
  if (!hash) return complain("this password cannot be hashed: it is too long, or has a NUL in it");
  print_to(STDOUT_FILENO, cat({user.empty() ? "" : user + ":", *hash, "\n"}));
  return 0;
}

int set_given_password(const Options& options) {
  const auto loaded = load_config_file(options.config_file, {true});
  if (!loaded) return complain(cat({options.config_file, ": ", loaded.error().what}));
  const Config& config = *loaded->config;
  const std::string url = local_url(config);
  if (url.empty())
    return complain(cat({"no listen-socket speaks plain HTTP on a port of its own; use POST ",
                         "/api/v1/users/", options.user, "/password"}));
  const auto password = read_password();
  if (!password) return complain(kNoneGiven);
  if (!valid_utf8(*password)) return complain("the password is not written in UTF-8");
  JsonWriter body;
  body.begin_object().key("password").text(*password).end_object();
  FetchRequest request;
  request.url = cat({url, "/api/v1/users/", percent_encode(options.user, false), "/password"});
  request.json = body.take();
  request.user = config.authentication.admin_user;
  request.password = config.authentication.admin_password;
  request.timeout = kServerPatience;
  const auto answer = ask_once(std::move(request));
  if (!answer)
    return complain(cat({"the server that runs with ", options.config_file,
                         " writes into its store, and it does not answer: ", answer.error().what}));
  if (answer->status != 200)
    return complain(
        cat({url, " answers with status ", answer->status, what_it_says(answer->body)}));
  print_to(STDOUT_FILENO, cat({"the password of ", options.user,
                               " is changed, and the sessions before it have ended\n"}));
  return 0;
}

int rotate_session_keys(const Options& options) {
  const auto loaded = load_config_file(options.config_file, {options.allow_default_passwords});
  if (!loaded) return complain(cat({options.config_file, ": ", loaded.error().what}));
  const std::string directory = state_directory(*loaded->config);
  if (directory.empty())
    return complain(options.config_file +
                    " names no state directory (<paths><state-dir>, or $STATE_DIRECTORY): the keys "
                    "live and end with the server");
  const std::string path = directory + "/session.keys";
  const std::int64_t now = unix_seconds(system_clock().wall());
  const auto ring = read_key_ring(path);
  if (!ring && ring.error().code != Error::Code::kNotFound) return complain(ring.error().what);
  const KeyRing next = ring ? ring->rotated(now, options.revoke) : KeyRing::fresh(now);
  if (const auto written = write_key_ring(path, next); !written)
    return complain(written.error().what);
  print_to(STDOUT_FILENO,
           cat({path, ": sessions are signed by the key ", next.newest().kid,
                options.revoke ? "; those before it end now\n" : "; those before it go on\n"}));
  return 0;
}

}  // namespace lb
