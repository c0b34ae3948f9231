// Webhooks: sends events to the addresses of <webhook>, each event once to each of them, in order.
//
// An address that does not take an event (no answer in kAnswer, a status other than 2xx) gets it
// again after each of kPauses, then it is given up.  What comes meanwhile waits.
// Thread: control.
// Ownership: EventService.
// In an upgrade what waits goes over; the event that is under way may come twice.
// Bounds: kWaiting events an address; then the oldest that waits is given up, and counted.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/feed/event_stream.h"
#include "base/record.h"
#include "config/settings/webhook_settings.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {

struct Runtime;

// Whether the event is sent to the address of this hook.
bool is_sent(const WebhookSettings& hook, const ServerEvent& event);
// "t=1795158091,v1=9f86…": of the body at that second of 1970.
std::string webhook_signature(std::string_view secret, std::int64_t second, std::string_view body);

struct WaitingEventRecord {
  std::string what, body;
};
template <class Io, RecordOf<WaitingEventRecord> T>
void record_fields(Io& io, T& event) {
  auto& [what, body] = event;
  io(1, what, body);
}
// What waits for one address; its secret is that of the configuration.
struct WebhookRecord {
  std::string url, mount;
  std::vector<std::string> events;
  std::vector<WaitingEventRecord> waiting;
  std::uint64_t tries = 0;  // of the first one
  SteadyTime again{};       // its next
};
template <class Io, RecordOf<WebhookRecord> T>
void record_fields(Io& io, T& hook) {
  auto& [url, mount, events, waiting, tries, again] = hook;
  io(1, url, mount, events, waiting, tries, again);
}

// One address.
class Webhook {
 public:
  static constexpr std::chrono::seconds kAnswer{5};
  static constexpr std::array kPauses{std::chrono::seconds(1), std::chrono::seconds(10),
                                      std::chrono::seconds(60)};
  static constexpr std::size_t kWaiting = 1000;

  Webhook(Runtime& runtime, WebhookSettings settings);
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  const WebhookSettings& settings() const noexcept { return settings_; }
  // body: the event as JSON.
  void add(const ServerEvent& event, std::string body);
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t given_up() const noexcept { return given_up_; }
  WebhookRecord save() const;
  // Nothing is sent before go_on().
  void restore(const WebhookRecord& saved);
  void go_on();

 private:
  struct Waiting {
    std::string what;  // "title of /live.mp3", for the log
    std::string body;
  };
  void send();
  void on_answer(const Result<FetchAnswer>& answer);
  void on_refusal(const std::string& why);

  Runtime& runtime_;
  const WebhookSettings settings_;
  std::deque<Waiting> waiting_;  // the first one is under way, or waits for its pause
  std::optional<std::uint64_t> asked_;
  std::size_t tries_ = 0;  // of the first one, so far
  SteadyTime again_at_{};  // while it waits for its pause
  bool in_order_ = true;   // the last answer was one
  std::uint64_t sent_ = 0, given_up_ = 0;
  Timer again_;
};

class Webhooks {
 public:
  explicit Webhooks(Runtime& runtime) : runtime_(runtime) {}

  // By the configuration of now: what waits for an address that stays as it was goes on.
  void tell(const ServerEvent& event, const std::string& node);
  std::uint64_t sent() const noexcept;
  std::uint64_t given_up() const noexcept;
  std::vector<WebhookRecord> save() const;
  void restore(const WebhookRecord& saved);
  void go_on();

 private:
  void take(const std::vector<WebhookSettings>& configured);

  Runtime& runtime_;
  std::vector<std::unique_ptr<Webhook>> hooks_;
  std::uint64_t sent_before_ = 0, given_up_before_ = 0;  // by addresses that are gone
};

}  // namespace lb
