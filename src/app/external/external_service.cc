#include "app/external/external_service.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "api/request/request.h"
#include "app/services/event_service.h"
#include "app/services/record_overlay.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/file.h"
#include "config/schema/diagnostic.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kExternalModule = "config/external";
constexpr auto kAtOnce = 50ms;   // the pause of a backend that waits for changes itself
constexpr auto kWaitedFor = 1s;  // an answer after this time has waited
constexpr std::size_t kMaxFaultLines = 20, kMaxEvents = 20;

std::string copy_path(const Config& config) {
  if (!config.external.cache.empty()) return config.external.cache;
  return config.paths.logdir.empty() ? std::string() : config.paths.logdir + "/external.json";
}

// The mounts in the form for nodes.
std::vector<RegistryRecord> records_for_nodes(const MountRecords& records) {
  std::vector<RegistryRecord> out;
  out.reserve(records.size());
  for (const auto& [name, record] : records) {
    MountRecord bare = *record;
    bare.relay = MountRecord().relay;
    out.push_back({record_key("external", name), mount_record_xml(bare), 0});
  }
  return out;
}

}  // namespace

ExternalService::ExternalService(Traffic& traffic, Callbacks callbacks)
    : traffic_(traffic),
      callbacks_(std::move(callbacks)),
      epoch_(std::to_string(unix_seconds(traffic.started_wall))),
      fetch_(traffic.loops.control(), traffic.loops.clerk()),
      lookups_(traffic.loops.control(),
               {[this](std::vector<std::string> names) { ask_names(std::move(names)); },
                [&traffic](const std::string& mount) {
                  return mount_section(*traffic.config.read(), mount).name == mount;
                },
                [&traffic](const ParkedRequest& request, WaitOutcome outcome) {
                  Worker::resume(traffic, request, outcome);
                }}),
      timer_(traffic.loops.control(), [this] { ask(); }),
      by_name_timer_(traffic.loops.control(), [this] { ask_by_name_again(); }),
      good_(traffic.clock.steady()),
      copy_(traffic.loops.control(), traffic.disk.loop(),
            {[this] { return copy(); },
             [&traffic](const std::string& why) {
               traffic.log.error(kExternalModule, why +
                                                      "; a start without the backend has the "
                                                      "mounts of an earlier copy, or none");
             }}) {}

ExternalService::~ExternalService() = default;

std::optional<MountRecords> ExternalService::restore(const Config& config) {
  const std::string path = copy_path(config);
  if (config.external.url.empty() || path.empty()) return std::nullopt;
  const auto file = read_file(path);
  if (!file) {
    traffic_.log.info(kExternalModule, "no copy of an earlier run: " + file.error().what);
    return std::nullopt;
  }
  auto list = parse_external_list(file->text);
  if (!list) {
    traffic_.log.warn(kExternalModule, cat({path, ": ", list.error().what, "; it is not used"}));
    return std::nullopt;
  }
  book_.restore(std::move(*list));
  etag_ = copied_etag_ = book_.identity();
  traffic_.log.info(kExternalModule,
                    cat({path, ": ", book_.size(), " mounts of the last run are in force"}));
  return book_.records();
}

void ExternalService::configure(const Config& config) {
  const ExternalSettings before = std::exchange(settings_, config.external);
  node_ = node_name(config);
  if (copy_path_ != copy_path(config) && book_.size() > 0) copy_.changed();
  copy_path_ = copy_path(config);
  book_.set_rules({settings_.confirm, settings_.allow_empty});
  const bool told_nodes = std::exchange(sends_nodes_, external_is_for_cluster(config));
  // Before the first answer nodes get no empty set: they may have mounts of an earlier run.
  if (sends_nodes_ && !told_nodes && book_.size() > 0) apply();
  if (told_nodes && !sends_nodes_) callbacks_.send_nodes({});
  on_demand_.store(!settings_.url.empty() && settings_.on_demand, std::memory_order_relaxed);
  if (stopped_ || settings_ == before) return;
  fetch_.stop();
  lookups_.abandon();
  asking_missing_ = answered_ = false;
  if (!settings_.url.empty()) {
    plan(0ms);
    if (!by_name_timer_.armed()) by_name_timer_.after(kByNameAgain);
    return;
  }
  timer_.cancel();
  by_name_timer_.cancel();
  if (book_.size() > 0) {
    traffic_.log.info(kExternalModule,
                      cat({"<config-external> is gone, and so are its ", book_.size(), " mounts"}));
    book_ = ExternalBook();
    etag_.clear();
    apply();
  }
  traffic_.overlay->came(RecordOverlay::kExternal);
  callbacks_.gone();
}

void ExternalService::stop() {
  stopped_ = true;
  on_demand_.store(false, std::memory_order_relaxed);
  fetch_.stop();
  lookups_.stop();
  timer_.cancel();
  by_name_timer_.cancel();
  ending_.clear();
  copy_.stop();
}

void ExternalService::plan(std::chrono::milliseconds pause) { timer_.after(pause); }

void ExternalService::ask() {
  if (stopped_ || settings_.url.empty()) return;
  ExternalFetch::Ask ask;
  ask.url = external_url(settings_.url, node_, epoch_);
  ask.etag = etag_;
  ask.wait = settings_.wait;
  ask.timeout = settings_.timeout;
  const bool waits = !ask.etag.empty() && ask.wait.count() > 0;
  fetch_.start(settings_, std::move(ask),
               [this, begun = traffic_.clock.steady(), waits](Result<ExternalAnswer> answer) {
                 came(std::move(answer), begun, waits);
               });
}

void ExternalService::failed(const std::string& why) {
  ++failures_;
  pause_ = std::clamp(pause_ * 2, std::chrono::seconds(1), kMaxPause);
  const std::string url = shown_url(settings_.url);
  if (why != trouble_ || pause_ == kMaxPause)
    traffic_.log.warn(
        kExternalModule,
        cat({why.starts_with(url) ? why : cat({url, ": ", why}), "; the ", book_.size(),
             " mounts that it has named stay, next ", "try in ", pause_.count(), " s"}));
  trouble_ = why;
  plan(pause_);
}

void ExternalService::came(Result<ExternalAnswer> answer, SteadyTime begun, bool waited) {
  if (!answer) return failed(answer.error().what);
  const SteadyTime now = traffic_.clock.steady();
  if (!trouble_.empty())
    traffic_.log.info(kExternalModule, cat({shown_url(settings_.url), ": answers again, after ",
                                            failures_, " failures in all"}));
  trouble_.clear();
  pause_ = 0s;
  good_ = now;
  answered_ = true;
  const bool same = answer->unchanged || answer->identity == book_.identity();
  // A backend that waits is asked again at once, but not if it answers early without a change.
  const bool slow = waited && now - begun >= kWaitedFor;
  const bool waits = slow || (waited && answer->waits && !same);
  const bool may_wait =
      !waited && settings_.wait.count() > 0 && !answer->unchanged && !answer->etag.empty();
  plan(waits || may_wait ? std::chrono::milliseconds(kAtOnce)
                         : std::chrono::milliseconds(settings_.poll));
  if (!answer->unchanged) etag_ = answer->etag;
  take(answer->unchanged ? book_.same_list()
                         : book_.list_came(std::move(answer->mounts), answer->identity));
  traffic_.overlay->came(RecordOverlay::kExternal);
  report_faults();
}

void ExternalService::take(ExternalBook::Step step) {
  if (step.changed) {
    apply();
    copy_.changed();
  }
  removed(step.removed);
  if (step.waits && book_.pending()) {
    const ExternalBook::Pending& pending = *book_.pending();
    const std::string count = std::to_string(pending.names.size());
    traffic_.log.warn(
        kExternalModule,
        cat({count, " of ", book_.size(), " mounts are gone from the list ",
             pending.identity.starts_with('"') ? pending.identity : quoted(pending.identity),
             "; they stay until ",
             pending.by_hand ? "an administrator confirms it (/admin/external/confirm)"
                             : cat({settings_.confirm, " lists in a row say so"})}));
    traffic_.events->publish("external-removal", node_,
                             {{"state", "waits"}, {"mounts", count}, {"etag", pending.identity}});
  }
  if (!step.ask.empty() && asking_missing_) {
    book_.missing_unanswered(std::move(step.ask));
  } else if (!step.ask.empty()) {
    asking_missing_ = true;
    ask_missing(std::move(step.ask), 0, std::make_shared<std::vector<ExternalMount>>());
  }
  if (copied_etag_ != book_.copied_identity()) copy_.changed();
}

// The clerk makes the records for nodes, as there may be many.
void ExternalService::apply() {
  traffic_.overlay->set_external(book_.records(), [this, number = ++wanted_] {
    applied_ = number;
    if (!stopped_) report_hidden();
  });
  if (!sends_nodes_) return;
  traffic_.loops.clerk().post([this, number = ++told_, records = book_.records()] {
    traffic_.loops.control().post([this, number, for_nodes = records_for_nodes(records)]() mutable {
      if (!stopped_ && number == told_ && sends_nodes_) callbacks_.send_nodes(std::move(for_nodes));
    });
  });
}

ExternalFetch::Ask ExternalService::by_name(const std::vector<std::string>& names) const {
  ExternalFetch::Ask ask;
  ask.url = external_url(settings_.url, node_, epoch_, names);
  ask.timeout = std::min<std::chrono::milliseconds>(settings_.timeout, ExternalLookups::kPatience);
  ask.by_name = true;
  return ask;
}

// Asks for some names at a time, and handles all answers together.
void ExternalService::ask_missing(std::vector<std::string> names, std::size_t from,
                                  std::shared_ptr<std::vector<ExternalMount>> found) {
  const std::size_t end = std::min(names.size(), from + kNamesAtOnce);
  const std::vector<std::string> some(names.begin() + static_cast<std::ptrdiff_t>(from),
                                      names.begin() + static_cast<std::ptrdiff_t>(end));
  ExternalFetch::Ask ask = by_name(some);
  ask.timeout = settings_.timeout;
  fetch_.start(settings_, std::move(ask),
               [this, names = std::move(names), end, found](Result<ExternalAnswer> answer) mutable {
                 if (!answer) {
                   asking_missing_ = false;
                   traffic_.log.warn(kExternalModule,
                                     cat({names.size(),
                                          " mounts are missing in the list, and were asked for "
                                          "by name: ",
                                          answer.error().what, "; they stay"}));
                   book_.missing_unanswered(std::move(names));
                   return;
                 }
                 std::move(answer->mounts.begin(), answer->mounts.end(),
                           std::back_inserter(*found));
                 if (end < names.size()) return ask_missing(std::move(names), end, found);
                 asking_missing_ = false;
                 take(book_.missing_answered(names, std::move(*found)));
                 report_faults();
               });
}

void ExternalService::look_up(const std::string& mount, const ParkedRequest& request,
                              ExternalLookups::Asker asker) {
  lookups_.look_up(mount, request, std::move(asker));
}

void ExternalService::ask_names(std::vector<std::string> names) {
  ExternalFetch::Ask ask = by_name(names);
  fetch_.start(settings_, std::move(ask),
               [this, names = std::move(names)](Result<ExternalAnswer> answer) {
                 if (!answer) {
                   ++failures_;
                   return lookups_.failed(names);
                 }
                 std::set<std::string> found;
                 for (const ExternalMount& mount : answer->mounts)
                   if (mount.faults.empty()) found.insert(mount.mount);
                 take(book_.names_answered(names, std::move(answer->mounts)));
                 report_faults();
                 // One that was not taken has no mount, as if the backend did not know it.
                 std::erase_if(found, [this](const auto& name) { return !book_.knows(name); });
                 lookups_.answered(names, found);
               });
}

void ExternalService::ask_by_name_again() {
  if (stopped_ || settings_.url.empty()) return;
  by_name_timer_.after(kByNameAgain);
  const std::vector<std::string> names = book_.by_name();
  for (std::size_t from = 0; from < names.size(); from += kNamesAtOnce) {
    const std::size_t end = std::min(names.size(), from + kNamesAtOnce);
    ask_names({names.begin() + static_cast<std::ptrdiff_t>(from),
               names.begin() + static_cast<std::ptrdiff_t>(end)});
  }
}

void ExternalService::removed(const std::vector<std::string>& mounts) {
  if (mounts.empty()) return;
  traffic_.log.info(kExternalModule,
                    cat({mounts.size(), " mounts are gone from the external configuration"}));
  for (std::size_t i = 0; i < mounts.size() && i < kMaxEvents; ++i)
    traffic_.events->publish("external-removal", mounts[i], {{"state", "removed"}});
  if (mounts.size() > kMaxEvents)
    traffic_.events->publish("external-removal", node_,
                             {{"state", "removed"}, {"mounts", std::to_string(mounts.size())}});
  for (const std::string& mount : mounts) {
    const auto* writer = traffic_.admission->writer_of(mount);
    if (writer == nullptr || writer->kind != WriterKind::kSource) continue;
    auto& deadline = ending_[mount];
    deadline =
        std::make_unique<Deadline>(traffic_.loops.control(), [this, mount] { end_sources(mount); });
    deadline->after(settings_.grace);
  }
}

void ExternalService::end_sources(const std::string& mount) {
  // The timer is in the erased row, which is destroyed after this returns.
  traffic_.loops.control().post(
      [row = std::make_shared<decltype(ending_)::node_type>(ending_.extract(mount))] {});
  if (stopped_ || book_.knows(mount) || mount_section(*traffic_.config.read(), mount).name == mount)
    return;
  traffic_.log.info(kExternalModule, cat({mount, " is gone for ", settings_.grace.count(),
                                          " s; its source is ended"}));
  Worker::end_encoders(traffic_, mount, EndReason::kKilled);
}

void ExternalService::report_hidden() {
  auto now = hidden();
  std::size_t lines = 0;
  for (const auto& [mount, by] : now)
    if (!hidden_.contains(mount) && ++lines <= kMaxFaultLines)
      traffic_.log.warn(kExternalModule,
                        cat({"mount ", escaped(mount), " of the list is hidden by ",
                             by == "file" ? "the configuration file" : "a record of the store",
                             ": its settings and logins in the list do not count"}));
  hidden_ = std::move(now);
}

void ExternalService::report_faults() {
  std::size_t lines = 0;
  for (const auto& [mount, faults] : book_.faults()) {
    const auto before = reported_.find(mount);
    if (before != reported_.end() && before->second == faults) continue;
    if (++lines <= kMaxFaultLines)
      traffic_.log.warn(kExternalModule, cat({escaped(mount), ": ", to_string(faults),
                                              book_.knows(mount) ? "; its last good form stays"
                                                                 : "; it is left out"}));
  }
  reported_ = book_.faults();
}

SavedCopy::Write ExternalService::copy() {
  if (copy_path_.empty()) return nullptr;
  copied_etag_ = etag_.empty() ? std::string() : std::string(book_.copied_identity());
  return [path = copy_path_, etag = copied_etag_, mounts = book_.copy()] {
    return replace_file(path, external_list_json(mounts, etag));
  };
}

}  // namespace lb
