// A Station made of plain lists, and a way to ask it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/command/cluster_sight.h"
#include "admin/command/command.h"
#include "admin/command/recordings.h"
#include "admin/command/station.h"
#include "admin/sample_stats.h"
#include "auth/listener/authenticator.h"
#include "cluster/balance/balance.h"
#include "cluster/nodes/node_table.h"
#include "cluster/polling/report_intake.h"
#include "cluster/slots/slot_book.h"

namespace lb {

class FakeStation final : public Station {
 public:
  // What it knows.
  StatsDocument document;
  std::vector<MountRow> rows;
  bool mounts_known = true;
  std::map<std::string, MountState> states;
  std::map<std::string, std::vector<ListenerRow>> listeners;
  std::vector<std::string> missing;
  OrderOutcome outcome{true};  // of orders about sources
  std::string move_fault, kill_fault;
  bool shoutcast = true;
  TitleVerdict verdict = TitleVerdict::kDone;
  std::string title_fault;
  UserEditResult users_answer{UserEditResult::Outcome::kListed, {}};
  std::map<std::string, MoveOffer> offers;  // by destination
  bool hands_over = false;
  std::map<std::string, SlotBook::Picture, std::less<>> slots;
  bool redirects = true;
  SteadyTime now{std::chrono::seconds(1000)};
  NodeTable table{NodeTable::Settings{}, SteadyTime{std::chrono::seconds(1000)}};
  BalanceSettings balance;
  NodePostAnswer post_answer{200, "OK", "m1"};
  Explanation explanation;
  ArchiveSight archive_sight;
  bool later = false;  // answers wait in `waiting`

  // The orders that it got.
  std::vector<std::string> done;
  TitleRequest title;
  UserEdit users_request;
  NodePost post;
  ListPoll poll;
  ExplainAsk explained;
  DrainRequest drain_asked;
  DrainStatus draining;
  std::optional<Error> drain_fault;
  std::deque<UniqueFunction<void()>> waiting;

  void stats_text(std::optional<std::string> mount, Then<std::string> then) override {
    answer(std::move(then), stats_xml(document, {.hidden_too = true, .mount = std::move(mount)}));
  }
  std::chrono::microseconds news_cost{0};
  int documents = 0;
  void stats_news(std::shared_ptr<const StatsDocument> since, bool dump_too,
                  Then<StatsNews> then) override {
    StatsNews news{std::make_shared<const StatsDocument>(document),
                   stats_event_lines(since ? *since : StatsDocument{}, document), std::nullopt};
    if (dump_too) news.dump = stats_event_lines(document);
    news.cost = news_cost;
    ++documents;
    answer(std::move(then), std::move(news));
  }
  void archive(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
               Then<ArchiveSight> then) override {
    done.push_back("archive " + mount + " " + std::to_string((to_ms - from_ms) / 3600000));
    answer(std::move(then), archive_sight);
  }
  void remove_recorded(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
                       Then<std::uint64_t> files) override {
    done.push_back("remove_recorded " + mount + " " + std::to_string(from_ms) + " " +
                   std::to_string(to_ms));
    answer(std::move(files), std::uint64_t{3});
  }
  void mounts(Then<Result<std::vector<MountRow>>> then) override {
    Result<std::vector<MountRow>> result = rows;
    if (!mounts_known) result = Error::timeout("mounts: the master has not answered yet");
    answer(std::move(then), std::move(result));
  }
  MountState state_of(const std::string& mount) override {
    const auto found = states.find(mount);
    return found == states.end() ? MountState::kUnknown : found->second;
  }
  bool fed_by_shoutcast(const std::string&) override { return shoutcast; }
  void listeners_of(const std::string& mount, Then<Result<MountListeners>> then) override {
    answer(std::move(then), Result<MountListeners>(MountListeners{listeners[mount], missing}));
  }
  void listeners_page(const std::string& mount, std::uint64_t after, std::size_t most,
                      Then<ListenerPage> then) override {
    ListenerPage page;
    for (const ListenerRow& row : listeners[mount])
      if (row.id > after && page.rows.size() < most) page.rows.push_back(row);
    answer(std::move(then), std::move(page));
  }
  void kill_listener(const std::string& mount, std::uint64_t id, Then<OrderOutcome> then) override {
    bool known = false;
    for (const ListenerRow& row : listeners[mount]) known = known || row.id == id;
    if (known) done.push_back("kill " + mount + " " + std::to_string(id));
    answer(std::move(then), OrderOutcome{known, kill_fault});
  }
  MoveOffer move_offer(const std::string&, const std::string& to) override {
    const auto found = offers.find(to);
    MoveOffer offer =
        found == offers.end() ? MoveOffer{3, true, "audio/mpeg", "audio/mpeg", {}} : found->second;
    if (offer.to.empty() && state_of(to) != MountState::kUnknown) offer.to = to;
    return offer;
  }
  void move_listeners(const std::string& from, const std::string& to,
                      Then<MoveOutcome> then) override {
    done.push_back("move " + from + " " + to);
    answer(std::move(then), MoveOutcome{3, move_fault});
  }
  void move_listener(const std::string& from, std::uint64_t id, const std::string& to,
                     Then<std::string> then) override {
    done.push_back("move " + from + " " + std::to_string(id) + " " + to);
    answer(std::move(then), std::string());
  }
  void kill_source(const std::string& mount, Then<OrderOutcome> then) override {
    done.push_back("kill source " + mount);
    answer(std::move(then), outcome);
  }
  void kill_encoder(const std::string& mount, std::uint64_t id, Then<OrderOutcome> then) override {
    done.push_back("kill encoder " + mount + " " + std::to_string(id));
    answer(std::move(then), OrderOutcome{id == 7});
  }
  std::string fallback_fault;
  void set_fallback(const std::string& mount, const std::string& fallback,
                    Then<std::string> then) override {
    done.push_back("fallback " + mount + " " + fallback);
    answer(std::move(then), fallback_fault);
  }
  void set_title(const std::string& mount, TitleRequest request, Then<TitleOutcome> then) override {
    done.push_back("title " + mount);
    title = std::move(request);
    answer(std::move(then), TitleOutcome(verdict, title_fault));
  }
  void node_posted(NodePost given, Then<NodePostAnswer> then) override {
    post = std::move(given);
    answer(std::move(then), post_answer);
  }
  void list_polled(ListPoll given) override { poll = std::move(given); }
  ClusterSight cluster() override {
    return {table.copy(), balance, "m1", redirects, now, hands_over, slots};
  }
  bool is_redirecting() override { return redirects; }
  Explanation explain(const ExplainAsk& ask) override {
    explained = ask;
    return explanation;
  }
  Result<void> drain(DrainRequest request) override {
    if (drain_fault) return *drain_fault;
    drain_asked = std::move(request);
    draining.mode = "soft";
    return {};
  }
  Result<void> undrain() override {
    if (draining.mode.empty()) return Error::denied("the node does not drain");
    draining.mode.clear();
    return {};
  }
  DrainStatus drain_status() override { return draining; }
  void users(const std::string& mount, UserEdit request, Then<UserEditResult> then) override {
    done.push_back("users " + mount);
    users_request = std::move(request);
    answer(std::move(then), users_answer);
  }

 private:
  template <class T>
  void answer(Then<T> then, T value) {
    if (!later) return then(std::move(value));
    waiting.push_back(
        [then = std::move(then), value = std::move(value)]() mutable { then(std::move(value)); });
  }
};

// One admin request, answered.  `answers` counts the calls of the callback.
struct Asked {
  AdminAnswer answer;
  int answers = 0;
};

inline AdminRequest admin_request(const std::string& target, AdminRole role) {
  AdminRequest request;
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.role = role;
  request.peer_ip = "192.0.2.1";
  request.authority = "radio.example:8000";
  return request;
}

inline AdminAnswer ask(FakeStation& station, AdminRequest request) {
  Asked asked;
  answer_admin(std::move(request), station, [&asked](AdminAnswer answer) {
    asked.answer = std::move(answer);
    ++asked.answers;
  });
  if (asked.answers != 1) asked.answer.status = -asked.answers;
  return std::move(asked.answer);
}
inline AdminAnswer ask(FakeStation& station, const std::string& target,
                       AdminRole role = AdminRole::kAdmin) {
  return ask(station, admin_request(target, role));
}

inline const char* const kXmlType = "text/xml; charset=utf-8";
inline std::string document_of(const std::string& inner) {
  return "<?xml version=\"1.0\"?>\n" + inner + "\n";
}
inline std::string error_body(const std::string& text) {
  return "<html><head><title>Error 400</title></head><body><b>400 - " + text +
         "</b></body></html>\r\n";
}

}  // namespace lb
