#include "app/services/webhooks.h"

#include <algorithm>
#include <utility>

#include "admin/feed/event_shares.h"
#include "app/services/runtime.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::string_view kWebhooks = "main/webhook";

}  // namespace

bool is_sent(const WebhookSettings& hook, const ServerEvent& event) {
  if (!hook.events.empty() && std::ranges::find(hook.events, event.type) == hook.events.end())
    return false;
  return hook.mount.empty() || hook.mount == event.subject || glob_match(hook.mount, event.subject);
}

std::string webhook_signature(std::string_view secret, std::int64_t second, std::string_view body) {
  const HmacKey key(secret);
  return cat({"t=", second, ",v1=", hex_encode(key.sign(cat({second, "."}), body))});
}

Webhook::Webhook(Runtime& runtime, WebhookSettings settings)
    : runtime_(runtime),
      settings_(std::move(settings)),
      again_(runtime.loops.control(), [this] { send(); }) {}

Webhook::~Webhook() {
  if (asked_) runtime_.fetcher->cancel(*asked_);
}

void Webhook::add(const ServerEvent& event, std::string body) {
  if (waiting_.size() >= kWaiting) {
    // The first event is under way.
    const std::size_t dropped =
        event_to_drop(waiting_, 1, owner_of(event),
                      [](const Waiting& one) -> std::string_view { return one.owner; });
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(dropped));
    ++given_up_;
  }
  waiting_.push_back(
      {cat({event.type, " of ", event.subject}), std::move(body), std::string(owner_of(event))});
  if (waiting_.size() == 1) send();
}

void Webhook::send() {
  const Waiting& first = waiting_.front();
  const auto config = runtime_.config.read();
  FetchRequest request;
  request.purpose = FetchPurpose::kWebhook;
  request.url = settings_.url;
  request.json = first.body;
  request.timeout = kAnswer;
  request.user_agent = config->server_id;
  request.tls.ca_file = config->paths.ssl_cafile;
  request.body_bytes = 0;
  if (!settings_.secret.empty())
    request.headers.push_back(cat(
        {"X-LB-Signature: ",
         webhook_signature(settings_.secret, unix_seconds(runtime_.clock.wall()), first.body)}));
  asked_ = runtime_.fetcher->start(std::move(request), [this](Result<FetchAnswer> answer) {
    asked_.reset();
    on_answer(answer);
  });
}

void Webhook::on_answer(const Result<FetchAnswer>& answer) {
  if (!answer) return on_refusal(answer.error().what);
  if (answer->status < 200 || answer->status > 299)
    return on_refusal(cat({"status ", answer->status}));
  if (!std::exchange(in_order_, true))
    runtime_.log.info(kWebhooks, cat({shown_url(settings_.url), " takes events again; ", given_up_,
                                      " were given up so far"}));
  ++sent_;
  tries_ = 0;
  waiting_.pop_front();
  if (!waiting_.empty()) send();
}

void Webhook::on_refusal(const std::string& why) {
  if (tries_ < kPauses.size()) {
    if (std::exchange(in_order_, false))
      runtime_.log.warn(
          kWebhooks,
          cat({shown_url(settings_.url), " did not take the event ", waiting_.front().what, " (",
               why, "); it is sent again ", kPauses.size(), " times, within ",
               kPauses[0].count() + kPauses[1].count() + kPauses[2].count(), " s"}));
    again_at_ = runtime_.clock.steady() + kPauses[tries_];
    again_.after(kPauses[tries_++]);
    return;
  }
  runtime_.log.error(
      kWebhooks, cat({shown_url(settings_.url), " did not take the event ", waiting_.front().what,
                      " (", why, "); it was given up, ", waiting_.size() - 1, " wait"}));
  ++given_up_;
  tries_ = 0;
  waiting_.pop_front();
  if (!waiting_.empty()) send();
}

WebhookRecord Webhook::save() const {
  WebhookRecord saved{settings_.url, settings_.mount, settings_.events, {}, tries_, again_at_};
  for (const Waiting& one : waiting_) saved.waiting.push_back({one.what, one.body});
  return saved;
}

void Webhook::restore(const WebhookRecord& saved) {
  for (const WaitingEventRecord& one : saved.waiting)
    if (waiting_.size() < kWaiting) waiting_.push_back({one.what, one.body, {}});
  tries_ = static_cast<std::size_t>(std::min<std::uint64_t>(saved.tries, kPauses.size()));
  again_at_ = saved.again;
  in_order_ = tries_ == 0;
}

void Webhook::go_on() {
  if (waiting_.empty() || asked_ || again_.armed()) return;
  const auto left = again_at_ - runtime_.clock.steady();
  tries_ > 0 && left > left.zero() ? again_.after(left) : send();
}

void Webhooks::take(const std::vector<WebhookSettings>& configured) {
  const bool same = std::ranges::equal(configured, hooks_, {}, {},
                                       [](const auto& hook) { return hook->settings(); });
  if (same) return;
  std::vector<std::unique_ptr<Webhook>> before = std::exchange(hooks_, {});
  for (const WebhookSettings& settings : configured) {
    const auto there = std::ranges::find_if(
        before, [&](const auto& hook) { return hook && hook->settings() == settings; });
    hooks_.push_back(there == before.end() ? std::make_unique<Webhook>(runtime_, settings)
                                           : std::move(*there));
  }
  for (const auto& gone : before) {
    if (!gone) continue;
    sent_before_ += gone->sent();
    given_up_before_ += gone->given_up();
  }
}

void Webhooks::tell(const ServerEvent& event, const std::string& node) {
  take(runtime_.config.read()->webhooks);
  std::string body;  // made on first use
  for (const auto& hook : hooks_) {
    if (!is_sent(hook->settings(), event)) continue;
    if (body.empty()) body = event_json(event, node);
    hook->add(event, body);
  }
}

std::uint64_t Webhooks::sent() const noexcept {
  std::uint64_t sum = sent_before_;
  for (const auto& hook : hooks_) sum += hook->sent();
  return sum;
}

std::uint64_t Webhooks::given_up() const noexcept {
  std::uint64_t sum = given_up_before_;
  for (const auto& hook : hooks_) sum += hook->given_up();
  return sum;
}

std::vector<WebhookRecord> Webhooks::save() const {
  std::vector<WebhookRecord> all;
  for (const auto& hook : hooks_)
    if (WebhookRecord saved = hook->save(); !saved.waiting.empty()) all.push_back(std::move(saved));
  return all;
}

// Events for removed addresses are dropped.
void Webhooks::restore(const WebhookRecord& saved) {
  take(runtime_.config.read()->webhooks);
  for (const auto& hook : hooks_) {
    const WebhookSettings& its = hook->settings();
    if (its.url != saved.url || its.mount != saved.mount || its.events != saved.events) continue;
    hook->restore(saved);
    return;
  }
}

void Webhooks::go_on() {
  for (const auto& hook : hooks_) hook->go_on();
}

}  // namespace lb
