// The url authenticator: a web server decides.
// Sources: Icecast 2.4.4, Icecast-KH.
// Thread: control; requests go through the Fetcher.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/listener/answer_cache.h"
#include "auth/listener/ask_lane.h"
#include "auth/listener/authenticator.h"
#include "auth/listener/event_sender.h"
#include "auth/listener/url_form.h"
#include "auth/listener/url_options.h"
#include "base/cat.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::string_view kUrlModule = "auth_url/url";
constexpr std::string_view kBusy = "busy, please try again later";
constexpr std::size_t kCacheKeyBytes = 32;

// The inputs that a backend may judge by.  The number of the connection and the count of listeners
// are left out, as they differ each time; this server's name and port are constant.
std::vector<std::string_view> fields_of(const ListenerAsk& ask, const UrlOptions& options) {
  const auto header = [&ask](std::string_view name) -> std::string_view {
    const std::string* value = ask.headers.find(name);
    return value == nullptr ? std::string_view() : std::string_view(*value);
  };
  std::vector<std::string_view> fields = {"listener", ask.mount, ask.target, ask.ip,
                                          ask.given ? "login" : "none"};
  if (ask.given) {
    fields.push_back(ask.given->user);
    fields.push_back(ask.given->password);
  }
  fields.push_back(header("user-agent"));
  fields.push_back(header("referer"));
  for (const std::string& name : options.headers) {
    fields.push_back(ask.headers.find(name) == nullptr ? "absent" : "sent");
    fields.push_back(header(name));
  }
  return fields;
}

std::vector<std::string_view> fields_of(const SourceAsk& ask) {
  return {"source",       ask.mount,          ask.ip,
          ask.given.user, ask.given.password, ask.admin ? "admin" : ""};
}

class UrlAuth final : public Authenticator {
 public:
  UrlAuth(UrlOptions options, AuthContext& context)
      : context_(context),
        options_(std::move(options)),
        listeners_(context.control, context.fetcher, context.log,
                   {options_.handlers, options_.on_error_wait}),
        sources_(context.control, context.fetcher, context.log,
                 {options_.handlers, options_.on_error_wait}),
        kept_(random_bytes(kCacheKeyBytes)) {}

  void ask_listener(ListenerAsk ask, Done done) override {
    if (options_.listener_add.empty()) return done(allow_unasked(ask));
    const std::string digest = options_.cache ? kept_.digest_of(fields_of(ask, options_)) : "";
    if (const AuthVerdict* kept = find(digest)) {
      AuthVerdict verdict = *kept;
      verdict.removal = removal_of(ask, verdict.user);
      return done(std::move(verdict));
    }
    if (ask.throttled) return done(AuthVerdict::of(AuthVerdict::Kind::kThrottled));
    FetchRequest request = request_to(options_.listener_add, ask.given);
    request.form = listener_add_form(ask, *context_.server(), options_);
    auto waiting = std::make_shared<std::pair<ListenerAsk, Done>>(std::move(ask), std::move(done));
    const bool taken =
        listeners_.ask(std::move(request),
                       [this, waiting, digest, asked_at = kept_.age()](Result<FetchAnswer> answer) {
                         if (!answer) return waiting->second(judge_failure(waiting->first));
                         AuthVerdict verdict = judge(waiting->first, *answer);
                         if (!digest.empty() && is_accepted(*answer))
                           keep(digest, asked_at, verdict, *answer);
                         waiting->second(std::move(verdict));
                       });
    if (!taken) waiting->second(AuthVerdict::of(AuthVerdict::Kind::kBusy, std::string(kBusy)));
  }

  void ask_source(SourceAsk ask, Done done) override {
    const std::string digest = options_.cache ? kept_.digest_of(fields_of(ask)) : "";
    if (const AuthVerdict* kept = find(digest)) return done(*kept);
    FetchRequest request = request_to(options_.stream_auth, std::nullopt);
    request.form = stream_auth_form(ask, *context_.server());
    auto waiting = std::make_shared<std::pair<SourceAsk, Done>>(std::move(ask), std::move(done));
    const bool taken =
        sources_.ask(std::move(request),
                     [this, waiting, digest, asked_at = kept_.age()](Result<FetchAnswer> answer) {
                       AuthVerdict verdict = judge_source(waiting->first, answer);
                       if (!digest.empty() && answer) keep(digest, asked_at, verdict, *answer);
                       waiting->second(std::move(verdict));
                     });
    if (!taken) waiting->second(AuthVerdict::of(AuthVerdict::Kind::kBusy, std::string(kBusy)));
  }

  void forget() override { kept_.forget(); }

  void mount_begun(const std::string& mount) override {
    post_event(options_.mount_add, "mount_add", mount);
  }
  void mount_ended(const std::string& mount) override {
    post_event(options_.mount_remove, "mount_remove", mount);
  }

  void hold(bool held) override {
    listeners_.hold(held);
    sources_.hold(held);
  }
  bool asks() const override { return listeners_.asks() || sources_.asks(); }
  bool idle() const override { return listeners_.idle() && sources_.idle() && mount_events_ == 0; }

 private:
  // The first credentials are used: those in the address, in the options, or of the listener.
  FetchRequest request_to(const std::string& url, const std::optional<Credentials>& given) const {
    FetchRequest request;
    request.url = url;
    request.user_agent = context_.server()->user_agent;
    request.timeout = options_.timeout;
    request.redirects = options_.redirect_limit;
    if (!options_.username.empty() && !options_.password.empty())
      set_login(request, options_.username, options_.password);
    else
      set_login(request, given ? given->user : "", given ? given->password : "");
    return request;
  }

  const AuthVerdict* find(const std::string& digest) {
    return digest.empty() ? nullptr : kept_.find(digest, context_.control.now());
  }
  void keep(const std::string& digest, std::uint64_t asked_at, const AuthVerdict& verdict,
            const FetchAnswer& answer) {
    kept_.keep(digest, asked_at, verdict, kept_for(answer), context_.control.now());
  }
  // Whether the backend itself has accepted, not presume_innocent.
  bool is_accepted(const FetchAnswer& answer) const {
    return parse_url_reply(answer, options_).accepted;
  }

  std::optional<RemovalNotice> removal_of(const ListenerAsk& ask, const std::string& user) const {
    if (options_.listener_remove.empty()) return std::nullopt;
    RemovalNotice notice = listener_remove_parts(ask, user, *context_.server());
    FetchRequest request = request_to(options_.listener_remove, ask.given);
    notice.url = std::move(request.url);
    notice.user = std::move(request.user);
    notice.password = std::move(request.password);
    return notice;
  }

  AuthVerdict allow(const ListenerAsk& ask) const {
    AuthVerdict verdict = AuthVerdict::of(AuthVerdict::Kind::kAllow);
    verdict.removal = removal_of(ask, {});
    return verdict;
  }

  // Without listener_add every listener is allowed, but its name is not proved.
  AuthVerdict allow_unasked(const ListenerAsk& ask) const {
    AuthVerdict verdict = allow(ask);
    verdict.counts = false;
    return verdict;
  }

  AuthVerdict judge(const ListenerAsk& ask, const FetchAnswer& answer) {
    UrlReply reply = parse_url_reply(answer, options_);
    if (!reply.accepted && !reply.message.empty())
      context_.log.info(kUrlModule, cat({"client auth (", shown_url(options_.listener_add),
                                         ") failed with \"", reply.message, "\""}));
    if (!reply.location.empty()) {
      AuthVerdict verdict = AuthVerdict::of(AuthVerdict::Kind::kRedirect);
      verdict.location = std::move(reply.location);
      return verdict;
    }
    if (reply.failed && options_.presume_innocent) return allow(ask);
    if (!reply.accepted) return refusal(ask.given.has_value() && !reply.failed);
    if (reply.with_intro && !std::exchange(intro_warned_, true))
      context_.log.warn(kUrlModule, cat({"client auth (", shown_url(options_.listener_add),
                                         ") answered \"withintro\"; the intro in the body of its "
                                         "answer is not played"}));
    AuthVerdict verdict = allow(ask);
    verdict.right_password = ask.given.has_value();
    verdict.time_limit = reply.time_limit;
    verdict.is_relay = reply.is_relay;
    verdict.mount = std::move(reply.mount);
    verdict.user = std::move(reply.user);
    if (!verdict.user.empty()) verdict.removal = removal_of(ask, verdict.user);
    return verdict;
  }

  AuthVerdict judge_failure(const ListenerAsk& ask) const {
    return options_.presume_innocent ? allow(ask) : refusal(false);
  }

  AuthVerdict judge_source(const SourceAsk& ask, const Result<FetchAnswer>& answer) const {
    if (!answer) {
      AuthVerdict verdict = refusal(false);
      verdict.unanswered = true;
      return verdict;
    }
    const UrlReply reply = parse_url_reply(*answer, options_);
    if (reply.accepted) return AuthVerdict::of(AuthVerdict::Kind::kAllow);
    context_.log.info(
        kUrlModule, cat({"source auth (", shown_url(options_.stream_auth), ") of ", ask.ip, " on ",
                         ask.mount, " failed with \"", reply.message, "\""}));
    const bool tried = !ask.given.user.empty() || !ask.given.password.empty();
    return refusal(tried && !reply.failed);
  }

  static AuthVerdict refusal(bool wrong_password) {
    AuthVerdict verdict = AuthVerdict::of(AuthVerdict::Kind::kRefuse);
    verdict.wrong_password = wrong_password;
    return verdict;
  }

  void post_event(const std::string& url, std::string_view action, const std::string& mount) {
    if (url.empty()) return;
    FetchRequest request = request_to(url, std::nullopt);
    request.form = mount_form(action, mount, *context_.server());
    ++mount_events_;
    context_.mount_events.send(std::move(request), [this] { --mount_events_; });
  }

  AuthContext& context_;
  const UrlOptions options_;
  AskLane listeners_, sources_;
  AnswerCache kept_;  // empty without the option
  unsigned mount_events_ = 0;
  bool intro_warned_ = false;
};

}  // namespace

Result<std::unique_ptr<Authenticator>> make_url_auth(const AuthOptions& options,
                                                     AuthContext& context);

Result<std::unique_ptr<Authenticator>> make_url_auth(const AuthOptions& options,
                                                     AuthContext& context) {
  std::vector<std::string> complaints;
  UrlOptions parsed = parse_url_options(options, complaints);
  for (const std::string& complaint : complaints)
    context.log.warn(kUrlModule, "authentication url: " + complaint);
  return Result<std::unique_ptr<Authenticator>>(
      std::make_unique<UrlAuth>(std::move(parsed), context));
}

}  // namespace lb
