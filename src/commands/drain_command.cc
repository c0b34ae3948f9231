#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/cat.h"
#include "base/json.h"
#include "commands/commands.h"
#include "config/load/loader.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kDrainPoll = 500ms;
constexpr auto kPatience = 5s;  // for one answer
// Added to the drain's time limit, so that the node can still report the end.
constexpr auto kGrace = 2s;

void print_error(std::string_view text) {
  const std::string line = cat({"icecast-lb: ", text, "\n"});
  [[maybe_unused]] const auto n = ::write(STDERR_FILENO, line.data(), line.size());
}

class DrainCommand {
 public:
  DrainCommand(const Config& config, const Options& options, std::string url)
      : url_(std::move(url)),
        until_(loop_.now() + kGrace +
               std::chrono::seconds(options.drain_seconds.value_or(
                   static_cast<std::uint64_t>(config.cluster.drain_time.count())))) {
    FetchRequest request;
    request.url = url_ + "/admin/drain";
    request.form = "mode=" + options.drain_mode;
    if (options.drain_seconds) *request.form += cat({"&time=", *options.drain_seconds});
    request.user = config.authentication.admin_user;
    request.password = config.authentication.admin_password;
    request.timeout = kPatience;
    fetcher_.start(std::move(request), [this](Result<FetchAnswer> answer) { ordered(answer); });
  }

  int wait() {
    while (!status_) loop_.run_once(true);
    return *status_;
  }

 private:
  void ordered(const Result<FetchAnswer>& answer) {
    if (!answer) return end(1, answer.error().what);
    if (answer->status != 200)
      return end(1, cat({url_, "/admin/drain answers with status ", answer->status}));
    poll_health();
  }

  void poll_health() {
    FetchRequest request;
    request.url = url_ + "/_lb/health";
    request.timeout = kPatience;
    fetcher_.start(std::move(request), [this](Result<FetchAnswer> answer) { on_health(answer); });
  }

  void on_health(const Result<FetchAnswer>& answer) {
    // Another order, or TERM, may have ended the server meanwhile.
    if (!answer && answer.error().code == Error::Code::kClosed)
      return end(0, "the server has ended");
    if (answer) {
      const auto health = Json::parse(answer->body);
      const auto listeners = health ? health->at("listeners").u64() : std::nullopt;
      if (listeners && *listeners == 0) return end(0, "the server is empty");
      if (loop_.now() >= until_)
        return end(0, cat({"the time is over; ", listeners.value_or(0), " listeners are left"}));
    }
    if (loop_.now() >= until_) return end(0, "the time is over");
    timer_.after(kDrainPoll);
  }

  void end(int status, const std::string& why) {
    print_error(why);
    status_ = status;
  }

  const std::string url_;
  Loop loop_{0, system_clock()};
  Fetcher fetcher_{loop_};
  Timer timer_{loop_, [this] { poll_health(); }};
  const SteadyTime until_;
  std::optional<int> status_;
};

}  // namespace

int drain_node(const Options& options) {
  const auto loaded = load_config_file(options.config_file, LoadOptions{true});
  if (!loaded) {
    print_error(loaded.error().what);
    return 1;
  }
  const std::string url = local_url(*loaded->config);
  if (url.empty()) {
    print_error("no listen-socket speaks plain HTTP on a port of its own; use /admin/drain");
    return 1;
  }
  return DrainCommand(*loaded->config, options, url).wait();
}

}  // namespace lb
