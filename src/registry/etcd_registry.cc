#include "registry/etcd_registry.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "registry/etcd_text.h"

namespace lb {
namespace {

constexpr std::string_view kEtcdModule = "registry/etcd";
constexpr std::string_view kFormatKey = "format";
constexpr std::uint64_t kEtcdFormat = 1;
constexpr std::chrono::seconds kLoadRetry{1};
constexpr std::chrono::milliseconds kLoadTime{5000};
constexpr std::chrono::milliseconds kLoadTimeWithCopy{2500};
constexpr std::chrono::seconds kProbeTime{3};
constexpr std::chrono::seconds kProbePause{1};

std::string with_slash(std::string prefix) {
  if (!prefix.ends_with('/')) prefix += '/';
  return prefix;
}

const std::string* value_put(const RegistryWrite& write, const std::string& key) {
  for (const auto& [put, value] : write.puts)
    if (put == key) return &value;
  return nullptr;
}

const RegistryRecord* found_key(const std::vector<RegistryRecord>& found, const std::string& key) {
  const auto at = std::find_if(found.begin(), found.end(),
                               [&key](const RegistryRecord& record) { return record.key == key; });
  return at == found.end() ? nullptr : &*at;
}

// Of a write that was sent twice: whether the first one did it.  0: no; else its revision.
std::uint64_t revision_of_ours(const RegistryWrite& write, const EtcdTxn& txn) {
  std::uint64_t revision = 0;
  for (const RegistryCompare& compare : write.compares) {
    const RegistryRecord* found = found_key(txn.found, compare.key);
    if (const std::string* value = value_put(write, compare.key)) {
      if (found == nullptr || found->value != *value) return 0;
      revision = std::max(revision, found->revision);
    } else if (std::count(write.deletes.begin(), write.deletes.end(), compare.key) > 0) {
      if (found != nullptr) return 0;
      revision = std::max(revision, txn.revision);
    } else if ((found == nullptr ? 0 : found->revision) != compare.revision) {
      return 0;
    }
  }
  return revision;
}

bool is_silence(const Error& error) {
  return error.code == Error::Code::kTimeout || error.code == Error::Code::kClosed ||
         error.code == Error::Code::kIo;
}

}  // namespace

EtcdRegistry::EtcdRegistry(Loop& control, Loop& disk, RegistrySettings settings, Log& log)
    : control_(control),
      log_(log),
      prefix_(with_slash(settings.prefix)),
      client_(control, settings),
      mirror_(control),
      copy_(control, disk, settings.path, prefix_, mirror_, log),
      loader_(client_, prefix_),
      watch_(control, client_, prefix_, watch_callbacks()),
      retry_(control, [this] { begin_load(); }),
      probe_timer_(control, [this] { probe(); }) {
  state_.since = control.clock().wall();
  state_.words = "etcd has not been asked yet";
}

EtcdRegistry::~EtcdRegistry() = default;

EtcdWatch::Callbacks EtcdRegistry::watch_callbacks() {
  EtcdWatch::Callbacks callbacks;
  callbacks.changed = [this](RegistryChange change) {
    mirror_.apply(std::move(change));
    copy_.changed();
  };
  callbacks.seen = [this](std::uint64_t revision) { mirror_.seen(revision); };
  callbacks.live = [this] { log_.debug(kEtcdModule, "the watch of " + prefix_ + " is open"); };
  callbacks.broken = [this](const std::string& why) {
    if (state_.up)
      log_.info(kEtcdModule, "the watch of " + prefix_ + " broke: " + why + "; it is opened again");
    probe();
  };
  callbacks.stale = [this](const std::string& why) {
    log_.info(kEtcdModule, why + "; all records are loaded again");
    begin_load();
  };
  return callbacks;
}

void EtcdRegistry::load(UniqueFunction<void(Result<RegistryContent>)> loaded) {
  control_.assert_here();
  if (state_.loaded) {
    control_.post([this, life = std::weak_ptr<int>(life_), loaded = std::move(loaded)]() mutable {
      if (!life.expired()) loaded(mirror_.content());
    });
    return;
  }
  loads_.push_back(std::move(loaded));
  if (copy_read_) {
    if (!loading_) begin_load();
    return;
  }
  if (std::exchange(loading_, true)) return;
  copy_.load([this](std::optional<RegistryContent> content) {
    copy_read_ = true;
    loading_ = false;
    held_copy_ = std::move(content);
    begin_load();
  });
}

void EtcdRegistry::begin_load() {
  if (std::exchange(loading_, true)) return;
  retry_.cancel();
  mirror_.begin_replace();
  loader_.start(held_copy_ ? kLoadTimeWithCopy : kLoadTime, true,
                [this](Result<EtcdLoader::Loaded> loaded) {
                  loading_ = false;
                  on_loaded(std::move(loaded));
                });
}

void EtcdRegistry::on_loaded(Result<EtcdLoader::Loaded> loaded) {
  if (!loaded) return load_failed(loaded.error());
  if (loaded->format.empty()) {
    const std::size_t held = held_copy_ ? held_copy_->records.size() : mirror_.size();
    if (held == 0 && loaded->content.records.empty()) return make_format();
    if (held > 0)
      return load_failed(Error::invalid("etcd has no " + prefix_ + "format: its records were " +
                                        "lost or are others; the " + std::to_string(held) +
                                        " records held here stay in force"));
    return load_failed(Error::invalid("etcd has records but no " + prefix_ + "format"));
  }
  const auto format = parse_u64(loaded->format);
  if (!format || *format > kEtcdFormat)
    return load_failed(Error::unsupported(prefix_ + " has format " + loaded->format.substr(0, 20) +
                                          " of a newer version; this one knows " +
                                          std::to_string(kEtcdFormat)));
  adopt(std::move(*loaded));
}

void EtcdRegistry::adopt(EtcdLoader::Loaded loaded) {
  const std::uint64_t from = loaded.content.revision + 1;
  if (loaded.foreign > 0)
    log_.warn(kEtcdModule, std::to_string(loaded.foreign) + " keys below " + prefix_ +
                               " are no records or too large; they were passed over");
  held_copy_.reset();
  state_.loaded = true;
  state_.from_copy = false;
  mirror_.replace(std::move(loaded.content));
  copy_.changed();
  set_up(true, {});
  watch_.start(from);
  answer_loads(nullptr);
}

void EtcdRegistry::load_failed(const Error& error) {
  // A newer version's records are not for this one, not even in a copy.
  if (held_copy_ && error.code != Error::Code::kUnsupported) {
    state_.loaded = state_.from_copy = true;
    mirror_.replace(std::move(*std::exchange(held_copy_, std::nullopt)));
  }
  set_up(false, error.what);
  answer_loads(state_.loaded ? nullptr : &error);
  retry_.after(kLoadRetry);
}

void EtcdRegistry::answer_loads(const Error* error) {
  for (auto& loaded : std::exchange(loads_, {})) {
    if (error != nullptr)
      loaded(*error);
    else
      loaded(mirror_.content());
  }
}

// The first master makes it; another one may at the same moment.
void EtcdRegistry::make_format() {
  RegistryWrite write;
  write.compares.push_back({std::string(kFormatKey), 0});
  write.puts.emplace_back(kFormatKey, std::to_string(kEtcdFormat));
  EtcdQuestion question;
  question.path = "/v3/kv/txn";
  question.body = etcd_txn_text(prefix_, write, {});
  loading_ = true;
  client_.ask(std::move(question), [this](const Result<EtcdAnswer>& answer) {
    loading_ = false;
    if (!answer) return load_failed(answer.error());
    begin_load();
  });
}

void EtcdRegistry::watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) {
  control_.assert_here();
  mirror_.watch(from, std::move(on_change));
}

RegistryState EtcdRegistry::state() const {
  RegistryState state = state_;
  state.revision = mirror_.revision();
  state.member = client_.member();
  return state;
}

void EtcdRegistry::commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> answer) {
  control_.assert_here();
  std::string why = registry_write_fault(write);
  if (why.empty() && !state_.up) why = state_.words;
  if (why.empty() && under_way_ >= kCommitsWaiting)
    why = std::to_string(kCommitsWaiting) + " writes are under way; this one was not begun";
  if (!why.empty()) {
    control_.post([answer = std::move(answer), why = std::move(why)]() mutable {
      answer({CommitResult::kUnavailable, 0, {}, std::move(why)});
    });
    return;
  }
  ++under_way_;
  Pending pending{std::move(write), std::move(answer), control_.now()};
  if (pending.write.made && (lease_.empty() || control_.now() >= lease_until_))
    with_lease(std::move(pending));
  else
    send(std::move(pending));
}

void EtcdRegistry::with_lease(Pending pending) {
  wants_lease_.push_back(std::move(pending));
  if (wants_lease_.size() > 1) return;
  EtcdQuestion question;
  question.path = "/v3/lease/grant";
  question.body = etcd_lease_text(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(kMadeKept + kLeaseRenewed).count()));
  question.within = kCommitTime;
  client_.ask(std::move(question),
              [this](Result<EtcdAnswer> answer) { on_lease(std::move(answer)); });
}

void EtcdRegistry::on_lease(Result<EtcdAnswer> answer) {
  auto lease = answer ? parse_etcd_lease(answer->json) : Result<std::string>(answer.error());
  if (lease) {
    lease_ = std::move(*lease);
    lease_until_ = control_.now() + kLeaseRenewed;
  }
  for (Pending& pending : std::exchange(wants_lease_, {})) {
    if (lease)
      send(std::move(pending));
    else
      unavailable(std::move(pending), lease.error());
  }
}

void EtcdRegistry::send(Pending pending) {
  EtcdQuestion question;
  question.path = "/v3/kv/txn";
  question.body = etcd_txn_text(prefix_, pending.write, lease_);
  const auto spent =
      std::chrono::duration_cast<std::chrono::milliseconds>(control_.now() - pending.from);
  question.within = std::max(kCommitTime - spent, std::chrono::milliseconds(1));
  // Of a conflict: every compared key may hold a value of its own.
  question.answer_bytes = (kWriteOperations + 1) * (kValueBytes + kKeyBytes) * 3 / 2;
  client_.ask(std::move(question),
              [this, pending = std::move(pending)](Result<EtcdAnswer> answer) mutable {
                on_txn(std::move(pending), std::move(answer));
              });
}

void EtcdRegistry::on_txn(Pending pending, Result<EtcdAnswer> answer) {
  if (!answer) {
    const bool lease_gone = pending.write.made && !pending.lease_renewed &&
                            answer.error().what.find("lease not found") != std::string::npos;
    if (!lease_gone) return unavailable(std::move(pending), answer.error());
    pending.lease_renewed = true;
    lease_.clear();
    return with_lease(std::move(pending));
  }
  auto txn = parse_etcd_txn(answer->json);
  if (!txn) return unavailable(std::move(pending), txn.error());
  on_judged(std::move(pending), std::move(*txn), answer->repeated);
}

void EtcdRegistry::on_judged(Pending pending, EtcdTxn txn, bool repeated) {
  if (txn.succeeded) return done(std::move(pending), txn.revision);
  for (RegistryRecord& record : txn.found) record.key.erase(0, prefix_.size());
  const auto& made = pending.write.made;
  const RegistryRecord* found = made ? found_key(txn.found, made->first) : nullptr;
  if (found != nullptr && found->value == made->second)
    return done(std::move(pending), found->revision);
  const std::uint64_t ours = repeated && !made ? revision_of_ours(pending.write, txn) : 0;
  if (ours > 0) return done(std::move(pending), ours);
  --under_way_;
  pending.done({CommitResult::kConflict, txn.revision, std::move(txn.found), {}});
}

void EtcdRegistry::done(Pending pending, std::uint64_t revision) {
  --under_way_;
  mirror_.commit(pending.write, revision);
  copy_.changed();
  state_.last_commit =
      std::chrono::duration_cast<std::chrono::microseconds>(control_.now() - pending.from);
  pending.done({CommitResult::kDone, revision, {}, {}});
}

void EtcdRegistry::unavailable(Pending pending, const Error& error) {
  --under_way_;
  if (is_silence(error)) {
    set_up(false, error.what);
    probe_timer_.after(kProbePause);
  } else {
    probe();  // a right that is missing or a full database is not silence
  }
  pending.done({CommitResult::kUnavailable, 0, {}, error.what});
}

// Whether a member has quorum: a range that is not serializable waits for it.
void EtcdRegistry::probe() {
  if (!state_.loaded || state_.from_copy || std::exchange(probing_, true)) return;
  EtcdRangeQuestion range;
  range.key = prefix_ + std::string(kFormatKey);
  EtcdQuestion question;
  question.path = "/v3/kv/range";
  question.body = etcd_range_text(range);
  question.within = kProbeTime;
  question.urgent = true;
  client_.ask(std::move(question), [this](const Result<EtcdAnswer>& answer) {
    probing_ = false;
    set_up(answer.has_value(), answer ? std::string() : answer.error().what);
    if (!answer) probe_timer_.after(kProbePause);
  });
}

void EtcdRegistry::set_up(bool up, std::string words) {
  if (up == state_.up && (up || words == state_.words)) return;
  if (up) {
    words = "records are read and written";
    outage_logged_ = false;
    log_.info(kEtcdModule, client_.member() + prefix_ + ": " + words);
  } else if (!std::exchange(outage_logged_, true)) {
    log_.error(kEtcdModule, words + "; records are read from memory and cannot be changed");
  }
  if (up != state_.up) state_.since = control_.clock().wall();
  state_.up = up;
  state_.words = std::move(words);
}

}  // namespace lb
