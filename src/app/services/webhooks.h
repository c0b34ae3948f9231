// Webhooks: sends events to the addresses of <webhook>, each event once to each of them, in order.
//
// An address that does not accept an event (no answer in kAnswer, or a status other than 2xx) gets
// it again after each of kPauses; then it is dropped.  Later events wait.  An upgrade hands over
// the waiting events; the one under way may be sent twice.
// Thread: control.
// Ownership: EventService.
// Bounds: kWaiting events an address; beyond that the oldest waiting one is dropped and counted.
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

// Whether this hook wants the event.
bool is_sent(const WebhookSettings& hook, const ServerEvent& event);
// "t=1795158091,v1=9f86…": signs the body and the second, since 1970.
std::string webhook_signature(std::string_view secret, std::int64_t second, std::string_view body);

struct WaitingEventRecord {
  std::string what, body;
  static constexpr PlainRecord kRecord{.members = 2};
};
// The waiting events of one address; its secret comes from the configuration.
struct WebhookRecord {
  std::string url, mount;
  std::vector<std::string> events;
  std::vector<WaitingEventRecord> waiting;
  std::uint64_t tries = 0;  // of the first event
  SteadyTime again{};       // time of its next try
  static constexpr PlainRecord kRecord{.members = 6};
};

// One address of a <webhook>.
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
  // Sends nothing before go_on().
  void restore(const WebhookRecord& saved);
  void go_on();

 private:
  struct Waiting {
    std::string what;  // "title of /live.mp3", for the log
    std::string body;
    std::string owner;  // see event_to_drop(); "": not known after an upgrade
  };
  void send();
  void on_answer(const Result<FetchAnswer>& answer);
  void on_refusal(const std::string& why);

  Runtime& runtime_;
  const WebhookSettings settings_;
  std::deque<Waiting> waiting_;  // the first is under way, or waits for its next try
  std::optional<std::uint64_t> asked_;
  std::size_t tries_ = 0;  // of the first event, so far
  SteadyTime again_at_{};  // time of its next try
  bool in_order_ = true;   // the last answer was 2xx
  std::uint64_t sent_ = 0, given_up_ = 0;
  Timer again_;
};

class Webhooks {
 public:
  explicit Webhooks(Runtime& runtime) : runtime_(runtime) {}

  // Sends by the present configuration; events that wait for unchanged addresses stay.
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
  std::uint64_t sent_before_ = 0, given_up_before_ = 0;  // by removed addresses
};

}  // namespace lb
