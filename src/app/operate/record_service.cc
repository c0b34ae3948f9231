#include "app/operate/record_service.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "admin/command/station.h"
#include "api/records/audit_plans.h"
#include "api/request/made_answer.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/relay_service.h"
#include "app/operate/certificate_records.h"
#include "app/operate/former_owners.h"
#include "app/operate/logout_records.h"
#include "app/operate/plan_turns.h"
#include "app/operate/record_job.h"
#include "app/services/login_service.h"
#include "app/services/record_overlay.h"
#include "app/services/services.h"
#include "audience/sqlite.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "cluster/relay/relay.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

// Whether the order is about the source of a stream that this server has from a master.
bool is_about_offered(const Network& network, const ApiOrder& order) {
  const ApiOrder::Kind kind = order.kind;
  if (kind != ApiOrder::Kind::kEndSource && kind != ApiOrder::Kind::kSetTitle &&
      kind != ApiOrder::Kind::kSetPicture)
    return false;
  const Relay* const relay = network.relays->relay_of(order.mount);
  const auto* const writer = network.admission->writer_of(order.mount);
  const bool has_source = writer != nullptr && writer->kind == WriterKind::kSource;
  return relay != nullptr && relay->is_offered() && !has_source &&
         network.links->ingest().sources_of(order.mount).empty();
}

// Whether the endpoint reads records that masters do not send to nodes.
bool reads_logins(const Endpoint& endpoint) {
  constexpr std::array<std::string_view, 5> kReaders{"listAccounts", "readAccount", "listUsers",
                                                     "readUser", "listTokens"};
  return std::ranges::find(kReaders, endpoint.name) != kReaders.end();
}

}  // namespace

RecordService::RecordService(Services& services)
    : services_(services),
      view_(std::make_shared<const RecordView>(RecordView{std::make_shared<const RecordBook>()})),
      bans_(std::make_shared<const BanList>()),
      turns_(std::make_unique<PlanTurns>()),
      formers_(std::make_unique<FormerOwners>()),
      life_(services),
      keys_(services),
      certificates_(std::make_unique<CertificateRecords>(services)),
      logouts_(std::make_unique<LogoutRecords>(services)),
      ban_sweep_(services),
      usages_(services.loops.control()),
      bitrates_(services),
      sight_(services),
      orders_(services),
      moves_(services,
             [this](const BookRow<MountRecord>& row, MoveStep step) { step_of_move(row, step); }),
      patience_(services.loops.control(), [this] { settle_applied(); }),
      retry_(services.loops.control(), [this] { load(); }),
      start_(services.loops.control(), [this] { end_of_start(); }),
      catch_up_(services.loops.control(), [this] { plan_those_behind(); }),
      rest_(services.loops.control(), [this] {
        if (when_at_rest_)
          std::exchange(when_at_rest_, nullptr)("changes of records are under way at this moment");
      }) {}

RecordService::~RecordService() = default;

void RecordService::run(ApiTask task, UniqueFunction<void(ApiOutcome)> done) {
  if (rests_) {
    resting_.emplace_back(std::move(task), std::move(done));
    return;
  }
  auto job = std::make_shared<RecordJob>();
  job->task = std::move(task);
  job->done = std::move(done);
  if (!registry_ && !job->task.endpoint->order_only) {
    job->done(no_store());
    return;
  }
  if (auto problem = unread(); problem && !job->task.endpoint->order_only) {
    job->done(*std::move(problem));
    return;
  }
  job->lane = lane_of(job->task.who);
  const ApiRequest& request = job->task.request;
  if (request.key && !request.dry_run()) {
    const std::string key = made_key(request, job->task.who);
    if (made_under_way_.contains(key)) {
      job->done(Problem{ProblemName::kBusy, "a request with this Idempotency-Key is in progress"});
      return;
    }
    job->made = key;
  }
  const bool is_new = !job->made.empty() && view_.read()->book->made(job->made) == nullptr;
  if (is_new && !turns_->remembers(job->lane, services_.loops.control().now())) {
    job->done(Problem{ProblemName::kQuota,
                      "too many answers to requests with an Idempotency-Key are remembered for 24 "
                      "hours; send this one without a key, or later"});
    return;
  }
  if (!turns_->room().enter(job->lane)) {
    job->done(Problem{ProblemName::kOverloaded, cat({turns_->room().inside(), " changes wait, ",
                                                     turns_->room().inside(job->lane),
                                                     " of them yours; this one was not taken"})});
    return;
  }
  if (!job->made.empty()) made_under_way_.insert(job->made);
  check(job);
}

void RecordService::check(const JobPtr& job) {
  const Look what = job->task.endpoint->look;
  if (what == Look::kNothing) return plan(job);
  sight_.check(what, job->task.request, job->lane,
               [this, job](std::shared_ptr<const LiveView> live) {
                 if (stopped_) return;
                 if (!live)
                   return finish(job, Problem{ProblemName::kOverloaded,
                                              "too many requests look at listeners at once"});
                 job->live = std::move(live);
                 plan(job);
               });
}

void RecordService::plan(const JobPtr& job) {
  if (waits_to_place(job)) return;
  const bool first = job->attempts > 0 || !job->held.empty() || placing_ == job;
  turns_->plan(job->lane, first, [this, job] { make_plan(job); });
}

void RecordService::make_plan(const JobPtr& job) {
  job->book = view_.read()->book;
  job->config = services_.config.read();
  if (!job->made.empty())
    if (const std::string* made = job->book->made(job->made)) {
      const RegistryRecord record{job->made, *made, job->book->revision_of(job->made)};
      if (answer_from_made(job, std::span(&record, 1))) return turns_->planned(job->lane);
    }
  services_.loops.clerk().post([this, job, has_store = registry_ != nullptr] {
    const ApiTask& task = job->task;
    ApiWorld around = world(*job->config);
    around.live = job->live;
    around.has_store = has_store;
    const RandomBytes random = around.random;  // the seal never draws the same
    job->memory.serve(around);
    job->plan = task.endpoint->plan(
        {task.request, task.who, *job->book, *job->config, around, services_.clock.wall()});
    if (auto* planned = std::get_if<Planned>(&job->plan)) {
      job->write = planned->write;
      if (!job->made.empty() && !planned->again)
        job->write.made = {job->made, seal_answer(task.request, task.who, planned->answer, random)};
    }
    services_.loops.control().post([this, job] { planned(job); });
  });
}

void RecordService::planned(const JobPtr& job) {
  if (stopped_) return;
  turns_->planned(job->lane);
  if (auto* problem = std::get_if<Problem>(&job->plan)) {
    finish(job, std::move(*problem));
    return;
  }
  Planned& plan = std::get<Planned>(job->plan);
  if (job->task.request.dry_run()) {
    finish(job, std::move(plan.answer));
    return;
  }
  if (!plan.order || job->attempts > 0) return ordered(job);
  if (!registry_ && is_about_offered(services_, *plan.order)) {
    finish(job, no_store());
    return;
  }
  orders_.carry_out(*plan.order, job->task.who.name, [this, job](std::optional<Problem> problem) {
    if (stopped_) return;
    if (problem)
      finish(job, *std::move(problem));
    else
      ordered(job);
  });
}

void RecordService::ordered(const JobPtr& job) {
  Planned& plan = std::get<Planned>(job->plan);
  if (plan.writes())
    commit(job);
  else
    finish(job, std::move(plan.answer));
}

void RecordService::commit(const JobPtr& job) {
  if (taken_over_) {
    before_open_.push_back(job);
    return;
  }
  if (!registry_->state().up) {
    finish(job, read_only());
    return;
  }
  if (waits_for_account(job)) return;
  registry_->commit(job->write, [this, job](CommitAnswer answer) {
    if (!reading_) return committed(job, std::move(answer));
    // The book gets it after the changes being read.
    behind_reading_.emplace_back(
        [this, job, answer = std::move(answer)]() mutable { committed(job, std::move(answer)); });
  });
}

void RecordService::committed(const JobPtr& job, CommitAnswer answer) {
  if (stopped_) return;
  Planned& plan = std::get<Planned>(job->plan);
  switch (answer.result) {
    case CommitResult::kDone:
      placed(job);
      if (job->write.made)
        turns_->remembered(job->lane, job->write.made->second.size(),
                           services_.loops.control().now());
      if (plan.again) {
        job->task.request.if_match.clear();  // judged for the first part
        job->memory = {};                    // what it drew is in use
        this->plan(job);
        return;
      }
      release_account(job);
      stamp(plan.answer, answer.revision);
      wait_until_laid(job, answer.revision);
      return;
    case CommitResult::kConflict: {
      if (answer_from_made(job, answer.current)) return;
      if (++job->attempts >= kAttempts) {
        finish(job, Problem{ProblemName::kOverloaded,
                            "other requests have changed the same records all the time while this "
                            "one was tried; nothing was written"});
        return;
      }
      plan_after_conflict(job, answer);
      return;
    }
    case CommitResult::kUnavailable:
      finish(job, read_only(answer.why));
      return;
  }
}

// Repeats the answer to an earlier request with the same key.
bool RecordService::answer_from_made(const JobPtr& job, std::span<const RegistryRecord> records) {
  const auto at = std::find_if(records.begin(), records.end(), [&](const RegistryRecord& record) {
    return !job->made.empty() && record.key == job->made && record.revision != 0;
  });
  if (at == records.end()) return false;
  auto kept = open_answer(job->task.request, job->task.who, at->value);
  if (auto* problem = std::get_if<Problem>(&kept)) {
    finish(job, std::move(*problem));
    return true;
  }
  ApiAnswer answer = std::get<ApiAnswer>(std::move(kept));
  stamp(answer, at->revision);  // both were in one write
  finish(job, std::move(answer));
  return true;
}

void RecordService::wait_until_laid(const JobPtr& job, std::uint64_t revision) {
  if (laid_revision_ >= revision) {
    finish(job, std::move(std::get<Planned>(job->plan).answer));
    return;
  }
  applying_.push_back({revision, services_.loops.control().now() + kApplyPatience, job});
  if (!patience_.armed()) patience_.after(kApplyPatience);
}

void RecordService::settle_applied() {
  const SteadyTime now = services_.loops.control().now();
  std::vector<JobPtr> settled;
  std::erase_if(applying_, [&](const Applying& one) {
    if (one.revision > laid_revision_ && now < one.until) return false;
    settled.push_back(one.job);
    return true;
  });
  for (const JobPtr& job : settled) finish(job, std::move(std::get<Planned>(job->plan).answer));
  if (!applying_.empty() && !patience_.armed()) patience_.after(kApplyPatience);
}

void RecordService::finish(const JobPtr& job, ApiOutcome answer) {
  turns_->room().leave(job->lane);
  if (!job->made.empty()) made_under_way_.erase(job->made);
  placed(job);
  release_account(job);
  if (const auto* given = std::get_if<ApiAnswer>(&answer)) {
    if (!job->task.request.dry_run()) audit(*job, std::to_string(given->status));
  } else {
    audit(*job, std::string(problem_kind(std::get<Problem>(answer).name).name));
  }
  job->done(std::move(answer));
  at_rest();
}

// Reading requests are not audited.
void RecordService::audit(const RecordJob& job, std::string result) const {
  // The planned book, as a deleted record has no account afterwards.
  audit(job.task, job.plan, *(job.book ? job.book : view_.read()->book), std::move(result));
}

void RecordService::audit(const ApiTask& task, const Plan& plan, const RecordBook& book,
                          std::string result) const {
  // Encoders' titles are not logged, by the API as by /admin/metadata.
  if (task.endpoint->method == Method::kGet || task.who.source) return;
  const auto* planned = std::get_if<Planned>(&plan);
  const ApiDeed* deed = planned != nullptr && planned->deed ? &*planned->deed : nullptr;
  AuditEntry entry;
  entry.user = task.who.name;
  entry.role = to_text(task.who.role);
  entry.via = task.who.via;
  entry.ip = task.who.ip;
  if (deed != nullptr) {
    entry.action = deed->what;
    entry.on = deed->on;
    for (const ApiDeed::Change& change : deed->changes)
      entry.changes.push_back({change.field, change.before, change.after});
  } else {
    entry.action = task.endpoint->name;
    entry.on = task.request.path;
  }
  entry.account = task.who.account;
  entry.of_account = audited_account(book, *services_.config.read(), entry.on, deed);
  entry.result = std::move(result);
  services_.login->audit(std::move(entry));
}

Problem RecordService::no_store() const {
  const auto config = services_.config.read();
  if (config->masters.empty())
    return {ProblemName::kNoStore,
            "this server has no <store>; its mounts and users are in its configuration file"};
  Problem problem{ProblemName::kNotHere, "a node keeps no records; its masters do"};
  std::vector<std::string> names;
  for (const MasterSettings& master : config->masters)
    names.push_back(cat({master.server, ":", master.port}));
  problem.lists.emplace_back("masters", std::move(names));
  return problem;
}

// `why`: of one failed write, while others may succeed.
Problem RecordService::read_only(const std::string& why) const {
  const RegistryState state = registry_->state();
  if (state.up && !why.empty())
    return {ProblemName::kReadOnly, "the store did not take this change: " + why};
  return {ProblemName::kReadOnly,
          cat({"the store has taken no changes since ", http_date(state.since),
               state.words.empty() ? "" : ": " + state.words})};
}

std::optional<Problem> RecordService::unread() const {
  const auto view = view_.read();
  if (view->unread.empty()) return std::nullopt;
  return Problem{ProblemName::kReadOnly,
                 "the store cannot be read, and nothing is known of its records: " + view->unread};
}

std::optional<RegistryState> RecordService::store_state() const {
  if (!registry_) return std::nullopt;
  return registry_->state();
}

ApiOutcome RecordService::read(const Endpoint& endpoint, const ApiRequest& request,
                               const ApiCaller& who) const {
  if (auto problem = unread(); problem && !endpoint.order_only) return *std::move(problem);
  const auto view = view_.read();
  const auto config = services_.config.read();
  if (!registry_ && !config->masters.empty() && reads_logins(endpoint)) return no_store();
  Plan plan =
      endpoint.plan({request, who, *view->book, *config, world(*config), services_.clock.wall()});
  if (auto* problem = std::get_if<Problem>(&plan)) return std::move(*problem);
  return std::move(std::get<Planned>(plan).answer);
}

ApiOutcome RecordService::read_audience(
    const ApiTask& task, Sqlite* database, const std::string& why,
    std::optional<std::pair<std::uint64_t, std::uint64_t>> who) const {
  const auto view = view_.read();
  const auto config = services_.config.read();
  ApiWorld around = world(*config);
  around.audience = database;
  around.history = nullptr;  // control's
  if (!why.empty()) around.audience_why = why;
  around.audience_who = who;
  Plan plan = task.endpoint->plan(
      {task.request, task.who, *view->book, *config, around, services_.clock.wall()});
  if (auto* problem = std::get_if<Problem>(&plan)) return std::move(*problem);
  if (std::get<Planned>(plan).deed) audit(task, plan, *view->book, "ok");
  return std::move(std::get<Planned>(plan).answer);
}

}  // namespace lb
