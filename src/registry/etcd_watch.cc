#include "registry/etcd_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::chrono::milliseconds kReopen{100};  // doubled by each failure
constexpr unsigned kReopenDoublings = 3;
constexpr std::size_t kEventBytes = 128;  // of an event without its texts

bool is_login_reason(std::string_view reason) {
  for (const char* words : {"auth token", "permission denied", "user name is empty"})
    if (reason.find(words) != std::string_view::npos) return true;
  return false;
}

}  // namespace

EtcdWatch::EtcdWatch(Loop& control, EtcdClient& client, std::string prefix, Callbacks callbacks)
    : control_(control),
      client_(client),
      prefix_(std::move(prefix)),
      callbacks_(std::move(callbacks)),
      open_timer_(control, [this] { open(); }),
      beat_timer_(control, [this] { beat(); }) {}

void EtcdWatch::start(std::uint64_t from, std::uint64_t format, std::uint64_t uncounted) {
  stop();
  next_ = from;
  format_ = format;
  uncounted_ = uncounted;
  failures_ = beats_behind_ = 0;
  cluster_.clear();
  suspect_ = 0;
  open();
}

void EtcdWatch::stop() {
  run_.reset();
  stream_.reset();
  open_timer_.cancel();
  beat_timer_.cancel();
}

// The first request needs a quorum, as the watch does: it finds a member that answers, checks the
// token, and shows whether a backup was restored.
void EtcdWatch::open() {
  stream_.reset();
  part_.clear();
  part_bytes_ = 0;
  created_ = false;
  beat_timer_.cancel();
  run_ = std::make_shared<int>();
  EtcdQuestion question =
      etcd_format_question(prefix_, EtcdReads::kOfQuorum, 2 * EtcdClient::kMemberTimeout);
  client_.ask(std::move(question),
              [this, run = std::weak_ptr<int>(run_)](Result<EtcdAnswer> answer) {
                if (!run.expired()) on_knock(std::move(answer));
              });
}

void EtcdWatch::on_knock(Result<EtcdAnswer> answer) {
  if (!answer) return fail(answer.error().what);
  const auto range = parse_etcd_range(answer->json);
  if (!range) return fail(range.error().what);
  if (is_another_store(*range) || range->revision + 1 < next_)
    return give_up(cat({"etcd is another one, or was restored: it is at revision ", range->revision,
                        ", ", next_ - 1, " was seen"}));
  begin_stream(answer->member);
}

bool EtcdWatch::is_another_store(const EtcdRange& range) {
  if (cluster_.empty()) cluster_ = range.cluster;
  return cluster_ != range.cluster;
}

void EtcdWatch::begin_stream(const std::string& member) {
  member_ = member;
  FetchRequest request = client_.stream(member, "/v3/watch", etcd_watch_text(prefix_, next_));
  // Without this header a member that has lost the others keeps the watch open and silent for ever.
  request.headers.emplace_back("Grpc-Metadata-hasleader: true");
  request.body_bytes = kLineBytes;
  stream_ = std::make_unique<LineStream>(
      control_, std::move(request),
      LineStream::Callbacks{[this](std::string_view line) { on_line(line); },
                            [this](Result<FetchAnswer> answer) { on_end(std::move(answer)); }});
  beat_timer_.after(kBeat);
}

void EtcdWatch::on_line(std::string_view line) {
  auto watch = parse_etcd_watch(line);
  if (!watch) return fail(watch.error().what);
  if (watch->canceled) {
    if (watch->compact_revision > 0) return give_up(cat({"etcd has compacted revision ", next_}));
    if (is_login_reason(watch->reason)) client_.forget_token();
    return fail(watch->reason);
  }
  if (watch->created && std::exchange(created_, true))
    return fail(cat({member_, ": the watch has begun twice"}));
  if (watch->created) return callbacks_.live();
  on_events(*watch);
}

// A line has the revision of the store: while the watch catches up, earlier events may still
// follow.  Only a line without events proves that none do.
void EtcdWatch::on_events(EtcdWatchLine& line) {
  std::uint64_t told = line.events.empty() && part_.empty() ? line.revision : 0;
  for (EtcdEvent& event : line.events) {
    if (!part_.empty() && part_.front().record.revision != event.record.revision)
      if (!on_part(told)) return;
    part_bytes_ += kEventBytes + event.record.key.size() + event.record.value.size();
    if (part_bytes_ > kRevisionBytes)
      return fail(cat({member_, ": revision ", event.record.revision, " has more than ",
                       kRevisionBytes, " bytes"}));
    part_.push_back(std::move(event));
  }
  // The last revision of a fragment continues in the next line, and is judged as a whole.
  if (!part_.empty() && !line.fragment && !on_part(told)) return;
  if (told < next_) return;
  next_ = told + 1;
  callbacks_.seen(told);
}

bool EtcdWatch::on_part(std::uint64_t& told) {
  told = part_.front().record.revision;
  part_bytes_ = 0;
  return on_revision(std::exchange(part_, {}));
}

bool EtcdWatch::on_revision(std::vector<EtcdEvent> events) {
  RegistryChange change;
  change.revision = events.front().record.revision;
  bool by_master = false;
  for (EtcdEvent& event : events) {
    std::string& key = event.record.key;
    if (!key.starts_with(prefix_)) continue;
    key.erase(0, prefix_.size());
    if (key == kFormatKey) {
      if (!event.deleted && change.revision <= format_) continue;
      give_up(cat({prefix_, key, event.deleted ? " was deleted" : " was written again",
                   " in revision ", change.revision}));
      return false;
    }
    if (key == kDeletedKey && !event.deleted) {
      by_master = true;
      uncounted_ = std::max(uncounted_, uncounted_deletion(event.record));
    }
    if (key == kDeletedKey || key == kProbeKey || !is_registry_key(key) ||
        event.record.value.size() > Registry::kValueBytes)
      continue;
    if (event.deleted)
      change.deleted.push_back(std::move(key));
    else
      change.set.push_back(std::move(event.record));
  }
  const auto run = std::weak_ptr<int>(run_);
  callbacks_.changed(std::move(change), by_master);
  return !run.expired();
}

void EtcdWatch::on_end(Result<FetchAnswer> answer) {
  if (!answer) return fail(answer.error().what);
  const std::string words = etcd_error_words(answer->body);
  if (answer->status == 401 || is_login_reason(words)) client_.forget_token();
  fail(cat({member_, ": the watch ended with ", answer->status,
            words.empty() ? std::string() : ' ' + words}));
}

void EtcdWatch::fail(std::string why) {
  client_.member_failed(member_);
  stream_.reset();
  beat_timer_.cancel();
  run_ = std::make_shared<int>();
  open_timer_.after(failures_ == 0 ? std::chrono::milliseconds(0)
                                   : kReopen * (1 << std::min(failures_, kReopenDoublings)));
  ++failures_;
  callbacks_.broken(std::move(why));
}

void EtcdWatch::give_up(std::string why) {
  stop();
  callbacks_.stale(std::move(why));
}

void EtcdWatch::beat() {
  EtcdQuestion question = etcd_format_question(prefix_, EtcdReads::kOfMember, kBeatAnswer);
  question.member = member_;
  client_.ask(std::move(question),
              [this, run = std::weak_ptr<int>(run_)](Result<EtcdAnswer> answer) {
                if (!run.expired()) on_beat(std::move(answer));
              });
}

void EtcdWatch::on_beat(Result<EtcdAnswer> answer) {
  if (!answer) return fail(answer.error().what);
  const auto range = parse_etcd_range(answer->json);
  if (!range) return fail(range.error().what);
  if (range->records.empty()) return give_up(cat({"etcd has no ", prefix_, "format any more"}));
  if (range->records[0].revision > format_)
    return give_up(
        cat({prefix_, "format was written again in revision ", range->records[0].revision}));
  failures_ = 0;
  const std::uint64_t revision = range->revision;
  beats_behind_ = revision + 1 < next_ ? beats_behind_ + 1 : 0;
  if (beats_behind_ >= kBeatsBehind)
    return give_up(cat({"etcd is at revision ", revision, ", ", next_ - 1, " was seen"}));
  beat_timer_.after(kBeat);
  if (revision < next_) {
    suspect_ = 0;
  } else if (suspect_ < next_) {
    suspect_ = revision;
  } else if (control_.now() >= suspicion_due_) {
    // Writes outside the prefix raise the revision too, without an event.  A new watch repeats
    // missed events.
    suspicion_due_ = control_.now() + kSuspicion;
    suspect_ = 0;
    open();
  }
}

}  // namespace lb
