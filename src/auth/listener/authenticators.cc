#include "auth/listener/authenticators.h"

#include <algorithm>
#include <iterator>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::string_view kAuthModule = "auth/auth";
constexpr auto kFinishPoll = std::chrono::milliseconds(20);
// A browser ends its first request and repeats it at once; the end of the old connection may arrive
// after the new one.
constexpr auto kOldOneEnds = std::chrono::milliseconds(750);
constexpr auto kReturnPoll = std::chrono::milliseconds(25);
constexpr std::size_t kMaxReturns = 256;

EventSender::Limits mount_event_limits() {
  EventSender::Limits limits;
  limits.in_flight = 1;  // in order: a restarted mount must not seem to have ended
  limits.waiting = 1000;
  limits.tries = 1;
  return limits;
}

std::string section_text(const AuthSection& section) {
  return section.name.empty() ? std::string("the default mount") : "mount " + section.name;
}

}  // namespace

struct Authenticators::Place {
  AuthSection section;
  bool exclusive = true;       // allow_duplicate_users is 0, and no seats are counted
  bool drop_existing = false;  // the new listener replaces the old one
  std::string rejected_mount;
  std::unique_ptr<Authenticator> authenticator;  // null: it could not be set up
};

struct Authenticators::Question {
  std::uint64_t client_id;
  std::string mount, user;
  ListenerDone done;
};

Authenticators::Authenticators(Loop& control, Loop& clerk, Log& log, Fetcher& fetcher,
                               DropListener drop_listener)
    : control_(control),
      log_(log),
      drop_listener_(std::move(drop_listener)),
      hashes_(control),
      removals_(control, fetcher, log, EventSender::Limits{}),
      mount_events_(control, fetcher, log, mount_event_limits()),
      context_{control, clerk, log, fetcher, hashes_, mount_events_, [this] { return server_; }},
      ledger_(control, log, removals_, [this] { return server_; }),
      finish_timer_(control, [this] { check_finished(); }),
      return_timer_(control, [this] { retry_returns(); }) {}

Authenticators::~Authenticators() = default;

void Authenticators::configure(const std::vector<AuthSection>& sections, AuthServer server) {
  server_ = std::make_shared<const AuthServer>(std::move(server));
  std::map<std::string, std::unique_ptr<Place>> before;
  before.swap(places_);
  for (const AuthSection& section : sections) {
    if (places_.contains(section.name)) continue;  // the first section of a name counts
    if (const auto at = before.find(section.name);
        at != before.end() && at->second->section == section) {
      places_[section.name] = std::move(at->second);
      before.erase(at);
      continue;
    }
    auto place = std::make_unique<Place>();
    place->section = section;
    place->exclusive = !section.seats && !auth_option_set(section.options, "allow_duplicate_users");
    place->drop_existing = auth_option_set(section.options, "drop_existing_listener");
    place->rejected_mount = auth_option(section.options, "rejected_mount");
    auto made = make_authenticator(section.type, section.options, context_);
    if (made)
      place->authenticator = std::move(*made);
    else
      log_.error(kAuthModule, cat({section_text(section), ": ", made.error().what,
                                   "; every listener is refused"}));
    places_[section.name] = std::move(place);
  }
  for (auto& [name, place] : before)
    if (place->authenticator) retired_.push_back(std::move(place));
  std::erase_if(retired_, [](const auto& place) { return place->authenticator->idle(); });
}

Authenticators::Place* Authenticators::find(const std::string& section) {
  control_.assert_here();
  const auto at = places_.find(section);
  return at == places_.end() || !at->second->authenticator ? nullptr : at->second.get();
}

bool Authenticators::is_on_twice(const Place& place, const std::string& mount,
                                 const std::string& user) {
  if (!place.exclusive || user.empty()) return false;
  const auto clients = ledger_.clients_of(mount, user);
  if (clients.empty()) return false;
  if (!place.drop_existing) return true;
  for (const std::uint64_t client : clients) drop_listener_(mount, client, Drop::kNow);
  return false;
}

void Authenticators::ask_listener(const std::string& section, ListenerAsk ask, ListenerDone done) {
  Place* place = find(section);
  if (place == nullptr)
    return done(AuthVerdict::of(AuthVerdict::Kind::kForbid, "mountpoint unavailable"), {});
  auto question = std::make_shared<Question>();
  question->client_id = ask.client_id;
  question->mount = ask.mount;
  question->user = ask.given ? ask.given->user : std::string();
  question->done = std::move(done);
  place->authenticator->ask_listener(std::move(ask),
                                     [this, section, question](AuthVerdict verdict) {
                                       judged(section, question, std::move(verdict));
                                     });
}

void Authenticators::judged(const std::string& section, const std::shared_ptr<Question>& question,
                            AuthVerdict verdict) {
  using Kind = AuthVerdict::Kind;
  Place* place = find(section);  // a reload may have removed the section
  if (verdict.kind == Kind::kAllow) {
    if (!verdict.user.empty()) question->user = verdict.user;
    if (!verdict.counts) question->user.clear();
    if (place == nullptr || !is_on_twice(*place, question->mount, question->user))
      return let_in(question, std::move(verdict));
    drop_if_gone(*question);
    const bool room = returns_.size() < kMaxReturns;
    returns_.push_back({section, question, std::move(verdict),
                        control_.now() + (room ? kOldOneEnds : kReturnPoll)});
    if (!return_timer_.armed()) return_timer_.after(kReturnPoll);
    return;
  }
  turn_away(place, question, std::move(verdict));
}

void Authenticators::retry_returns() {
  std::vector<Return> still;
  for (Return& one : std::exchange(returns_, {})) {
    Place* place = find(one.section);
    if (place == nullptr || !is_on_twice(*place, one.question->mount, one.question->user)) {
      let_in(one.question, std::move(one.verdict));
    } else if (control_.now() < one.until) {
      // The FIN of the old connection may have arrived since.  Once only: the search visits all
      // listeners.
      if (one.until - control_.now() < kOldOneEnds / 2 && !std::exchange(one.dropped_again, true))
        drop_if_gone(*one.question);
      still.push_back(std::move(one));
    } else {
      log_.info(kAuthModule, cat({one.question->mount, ": ", one.question->user,
                                  " listens already, a second login was refused"}));
      ledger_.take_back(
          {one.question->client_id, one.question->mount, {}, std::move(one.verdict.removal)});
      turn_away(place, one.question, AuthVerdict::of(AuthVerdict::Kind::kRefuse));
    }
  }
  returns_.insert(returns_.begin(), std::make_move_iterator(still.begin()),
                  std::make_move_iterator(still.end()));
  if (!returns_.empty()) return_timer_.after(kReturnPoll);
}

void Authenticators::drop_if_gone(const Question& question) {
  for (const std::uint64_t client : ledger_.clients_of(question.mount, question.user))
    drop_listener_(question.mount, client, Drop::kIfGone);
}

void Authenticators::turn_away(const Place* place, const std::shared_ptr<Question>& question,
                               AuthVerdict verdict) {
  using Kind = AuthVerdict::Kind;
  const bool refused = verdict.kind == Kind::kRefuse || verdict.kind == Kind::kForbid;
  if (refused && place != nullptr && !place->rejected_mount.empty()) {
    const bool wrong = verdict.wrong_password;
    verdict = AuthVerdict::of(Kind::kAllow);
    verdict.wrong_password = wrong;
    verdict.mount = place->rejected_mount;
  }
  question->done(std::move(verdict), {});
}

void Authenticators::let_in(const std::shared_ptr<Question>& question, AuthVerdict verdict) {
  verdict.user = question->user;
  ListenerLedger::Entry entry{question->client_id, question->mount, question->user,
                              std::move(verdict.removal)};
  verdict.removal.reset();
  auto kept = std::make_shared<AuthVerdict>(std::move(verdict));
  ledger_.admit(std::move(entry), [question, kept](ListenerTicket ticket) {
    question->done(std::move(*kept), std::move(ticket));
  });
}

void Authenticators::ask_source(const std::string& section, SourceAsk ask,
                                Authenticator::Done done) {
  Place* place = find(section);
  if (place == nullptr) return done(AuthVerdict::of(AuthVerdict::Kind::kRefuse));
  place->authenticator->ask_source(std::move(ask), std::move(done));
}

void Authenticators::mount_begun(const std::string& section, const std::string& mount) {
  if (Place* place = find(section)) place->authenticator->mount_begun(mount);
}

void Authenticators::mount_ended(const std::string& section, const std::string& mount) {
  if (Place* place = find(section)) place->authenticator->mount_ended(mount);
}

void Authenticators::hold(bool held) {
  for (const auto& [name, place] : places_)
    if (place->authenticator) place->authenticator->hold(held);
  removals_.hold(held);
  mount_events_.hold(held);
}

bool Authenticators::asks() const {
  const auto its = [](const auto& row) {
    return row.second->authenticator && row.second->authenticator->asks();
  };
  return removals_.sends() || mount_events_.sends() ||
         std::any_of(places_.begin(), places_.end(), its);
}

void Authenticators::restore(UnsentEventsRecord saved) {
  std::ranges::move(saved.events, std::back_inserter(unsent_before_));
}

void Authenticators::go_on() {
  for (FetchRequest& event : std::exchange(unsent_before_, {})) {
    event.user_agent = server_->user_agent;
    mount_events_.send(std::move(event), [] {});
  }
  ledger_.go_on();
}

void Authenticators::edit_users(const std::string& section, UserEdit edit,
                                UniqueFunction<void(UserEditResult)> done) {
  Place* place = find(section);
  if (place == nullptr) return done({});
  place->authenticator->edit_users(std::move(edit), std::move(done));
}

void Authenticators::forget_answers() {
  control_.assert_here();
  for (const auto& [name, place] : places_)
    if (place->authenticator) place->authenticator->forget();
}

void Authenticators::finish(std::chrono::milliseconds grace, UniqueFunction<void()> done) {
  finish_by_ = control_.now() + grace;
  finished_ = std::move(done);
  check_finished();
}

void Authenticators::check_finished() {
  // The end of the server does not wait for a backend that has just failed.
  if ((removals_.promising() || mount_events_.promising()) && control_.now() < finish_by_) {
    finish_timer_.after(kFinishPoll);
    return;
  }
  if (const std::size_t unsent = removals_.unsent(); unsent > 0)
    log_.warn(kAuthModule,
              cat({unsent, " listener_remove events were not heard by their backends in time; ",
                   ledger_.has_spool() ? "they are sent at the next start" : "they are lost"}));
  finished_();
}

}  // namespace lb
