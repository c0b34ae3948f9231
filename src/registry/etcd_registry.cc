#include "registry/etcd_registry.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "registry/etcd_text.h"
#include "registry/key.h"

namespace lb {
namespace {

constexpr std::string_view kEtcdModule = "registry/etcd";
constexpr std::uint64_t kEtcdFormat = 1;
constexpr std::chrono::seconds kLoadRetry{1};
constexpr std::chrono::milliseconds kLoadTime{5000};
constexpr std::chrono::milliseconds kLoadTimeWithCopy{2500};
constexpr std::string_view kStays = "; the records held here stay in force";
constexpr std::string_view kIfMeant =
    ", and nothing is written.  If it was meant, stop the masters, remove their copies, and start "
    "them";

std::string with_slash(std::string prefix) {
  if (!prefix.ends_with('/')) prefix += '/';
  return prefix;
}

constexpr std::array<std::string_view, 4> kVital{"accounts", "mounts", "tokens", "users"};

constexpr unsigned kRestarts = 3;
constexpr std::size_t kPageBytes = 8 << 20;

}  // namespace

EtcdRegistry::EtcdRegistry(Loop& control, Loop& disk, StoreSettings settings, Log& log)
    : control_(control),
      log_(log),
      prefix_(with_slash(settings.prefix)),
      client_(control, settings, log),
      mirror_(control),
      copy_(control, disk, settings.path, prefix_, mirror_, log),
      loader_(client_, prefix_),
      watch_(control, client_, prefix_, watch_callbacks()),
      retry_(control, [this] { begin_load(); }),
      probe_timer_(control, [this] { probe(); }),
      doubt_timer_(control, [this] { judge_deletions(true); }),
      members_timer_(control, [this] { ask_members(); }) {
  state_.since = control.clock().wall();
  state_.words = "etcd has not been asked yet";
}

EtcdRegistry::~EtcdRegistry() = default;

EtcdWatch::Callbacks EtcdRegistry::watch_callbacks() {
  EtcdWatch::Callbacks callbacks;
  callbacks.changed = [this](RegistryChange change, bool by_master) {
    on_change(std::move(change), by_master);
  };
  callbacks.seen = [this](std::uint64_t revision) { mirror_.seen(revision); };
  callbacks.live = [this] { log_.debug(kEtcdModule, cat({"the watch of ", prefix_, " is open"})); };
  callbacks.broken = [this](const std::string& why) {
    if (state_.up)
      log_.info(kEtcdModule,
                cat({"the watch of ", prefix_, " broke: ", why, "; it is opened again"}));
    if (client_.wants_choice()) {
      watch_.stop();
      begin_load();
    } else {
      probe();
    }
  };
  callbacks.stale = [this](const std::string& why) {
    log_.info(kEtcdModule, why + "; all records are loaded again");
    load_again();
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
  load_begun_ = control_.now();
  retry_.cancel();
  probe_timer_.cancel();
  probe_.reset();
  if (!client_.wants_choice()) return read_records();
  client_.choose_cluster(
      etcd_format_question(prefix_, EtcdReads::kOfMember, EtcdClient::kRepeatTimeout), [this] {
        if (!members_timer_.armed()) members_timer_.after(kMembersAsked);
        read_records();
      });
}

void EtcdRegistry::load_again() {
  const SteadyTime due = load_begun_ + kLoadRetry;
  if (control_.now() >= due) return begin_load();
  retry_.after(std::chrono::duration_cast<std::chrono::microseconds>(due - control_.now()));
}

void EtcdRegistry::read_records() {
  mirror_.begin_replace();
  loader_.start(held_copy_ ? kLoadTimeWithCopy : kLoadTime, true,
                [this](Result<EtcdLoader::Loaded> loaded) {
                  loading_ = false;
                  on_loaded(std::move(loaded));
                });
}

// Finds a wiped member before it is needed.
void EtcdRegistry::ask_members() {
  client_.choose_cluster(
      etcd_format_question(prefix_, EtcdReads::kOfMember, EtcdClient::kRepeatTimeout),
      [this] { members_timer_.after(kMembersAsked); });
}

void EtcdRegistry::on_loaded(Result<EtcdLoader::Loaded> loaded) {
  if (!loaded) return load_failed(loaded.error(), Outage::kSilent);
  if (loaded->format.empty()) {
    const std::size_t held = held_copy_ ? held_copy_->records.size() : mirror_.size();
    if (held == 0 && loaded->content.records.empty()) return make_format();
    if (held > 0)
      return load_failed(Error::invalid(cat({"etcd has no ", prefix_,
                                             "format: its records were deleted, lost or are "
                                             "others; the ",
                                             held, " records held here stay in force", kIfMeant})),
                         Outage::kDisbelieved);
    return load_failed(Error::invalid(cat({"etcd has records but no ", prefix_, "format"})),
                       Outage::kDisbelieved);
  }
  const auto format = parse_u64(loaded->format);
  if (!format || *format > kEtcdFormat)
    return load_failed(
        Error::unsupported(cat({prefix_, " has format ", loaded->format.substr(0, 20),
                                " of a newer version; this one knows ", kEtcdFormat})),
        Outage::kDisbelieved);
  Missing missing = missing_in(*loaded);
  if (std::string words = too_many_deleted(missing.held, missing.counts); !words.empty())
    return load_failed(Error::invalid(cat({"etcd: ", words, " below ", prefix_,
                                           " were deleted, and by no master", kStays, kIfMeant})),
                       Outage::kDisbelieved);
  adopt(std::move(*loaded), std::move(missing.records));
}

EtcdRegistry::Missing EtcdRegistry::missing_in(const EtcdLoader::Loaded& loaded) const {
  std::set<std::string_view> keys;
  Missing missing;
  RecordCounts there, sums_there, sums_held;
  for (const RegistryRecord& record : loaded.content.records) {
    keys.insert(record.key);
    count_record(there, record.key);
    add_sum(sums_there, record);
  }
  const auto compare = [&](const RegistryRecord& record) {
    count_record(missing.held, record.key);
    add_sum(sums_held, record);
    if (!has_face(record.key) || keys.contains(record.key)) return;
    count_record(missing.counts, record.key);
    missing.records.push_back(record);
  };
  std::uint64_t revision = mirror_.revision();
  if (held_copy_) {
    revision = held_copy_->revision;
    for (const RegistryRecord& record : held_copy_->records) compare(record);
  } else {
    for (const auto& record : mirror_.snapshot().records) compare(*record);
  }
  const bool restored = loaded.content.revision < revision;
  if (there.empty()) return missing;
  if (restored) return {};
  if (loaded.deleted.revision <= revision) return missing;
  // Masters' deletions excuse as many records as they were, and no more.
  std::size_t left = 0;
  for (auto& [record_class, count] : missing.counts) {
    const std::uint64_t sum = sums_there[record_class], known = sums_held[record_class];
    const std::size_t excused = std::min<std::uint64_t>(count, sum - std::min(sum, known));
    count -= excused;
    missing.held[record_class] -= excused;
    left += count;
  }
  std::erase_if(missing.counts, [](const auto& row) { return row.second == 0; });
  if (too_many_deleted(missing.held, missing.counts).empty() ||
      is_uncounted(loaded, revision, left))
    return {};
  return missing;
}

// Whether masters of an earlier version, which keep no sums, may have deleted so many records since
// the revision `held`.
bool EtcdRegistry::is_uncounted(const EtcdLoader::Loaded& loaded, std::uint64_t held,
                                std::size_t missing) const {
  const std::uint64_t last = uncounted_deletion(loaded.deleted);
  if (outage_ == Outage::kDisbelieved || last <= held || last > loaded.content.revision)
    return false;
  const std::uint64_t writes = std::min(last - held, std::max<std::uint64_t>(loaded.deletions, 1));
  if (writes == 1) return missing <= parse_u64(loaded.deleted.value).value_or(kWriteOperations);
  return missing / kWriteOperations < writes;
}

// doubted: missing records that may come back in a moment, as when a store is emptied and restored.
void EtcdRegistry::adopt(EtcdLoader::Loaded loaded, std::vector<RegistryRecord> doubted) {
  const std::uint64_t from = loaded.content.revision + 1;
  if (loaded.foreign > 0)
    log_.warn(kEtcdModule, cat({loaded.foreign, " keys below ", prefix_,
                                " are not records or are too large; they were passed over"}));
  held_copy_.reset();
  doubt_.clear();
  doubt_timer_.cancel();
  for (RegistryRecord& record : doubted) {
    doubt_.add(record.key, loaded.content.revision);
    loaded.content.records.push_back(std::move(record));
  }
  if (!doubt_.empty()) doubt_timer_.after(DeletionDoubt::kDoubt);
  state_.loaded = true;
  state_.from_copy = false;
  format_ = loaded.format_revision;
  const std::uint64_t uncounted = uncounted_deletion(loaded.deleted);
  mirror_.replace(std::move(loaded.content));
  copy_.changed();
  // A readable store may still refuse writes.
  if (outage_ == Outage::kRefused)
    probe();
  else
    set_up(Outage::kNone, {});
  watch_.start(from, format_, uncounted < from ? uncounted : 0);
  answer_loads(nullptr);
}

void EtcdRegistry::load_failed(const Error& error, Outage outage) {
  // The records of a newer version are not used, not even from a copy.
  if (held_copy_ && error.code != Error::Code::kUnsupported) {
    state_.loaded = state_.from_copy = true;
    mirror_.replace(std::move(*std::exchange(held_copy_, std::nullopt)));
  }
  // A store that was not believed does not become credible by silence.
  set_up(outage_ == Outage::kDisbelieved ? outage_ : outage, error.what);
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

// The first master creates the format; another one may do so at the same moment.
void EtcdRegistry::make_format() {
  RegistryWrite write;
  write.put(std::string(kFormatKey), std::to_string(kEtcdFormat), 0);
  EtcdQuestion question;
  question.path = "/v3/kv/txn";
  question.body = etcd_txn_text(prefix_, write, {});
  loading_ = true;
  client_.ask(std::move(question), [this](const Result<EtcdAnswer>& answer) {
    loading_ = false;
    if (!answer) return load_failed(answer.error(), Outage::kSilent);
    begin_load();
  });
}

void EtcdRegistry::on_change(RegistryChange change, bool by_master) {
  for (const RegistryRecord& record : change.set) doubt_.forget(record.key);
  // Records of repeated requests (made/) expire by themselves.
  std::erase_if(change.deleted, [&](const std::string& key) {
    if (by_master || !has_face(key)) return false;
    const RegistryRecord* held = mirror_.find(key);
    if (held != nullptr && held->revision <= change.revision) doubt_.add(key, change.revision);
    return true;
  });
  mirror_.apply(std::move(change));
  copy_.changed();
  if (doubt_.empty()) return;
  if (!doubt_timer_.armed()) doubt_timer_.after(DeletionDoubt::kDoubt);
  judge_deletions(false);
}

// `in_time`: the deletions have been in doubt for the full time.
void EtcdRegistry::judge_deletions(bool in_time) {
  RecordCounts held;
  for (const auto& record : mirror_.snapshot().records) count_record(held, record->key);
  const std::string words = too_many_deleted(held, doubt_.counts());
  if (!words.empty()) {
    doubt_.clear();
    doubt_timer_.cancel();
    watch_.stop();
    set_up(Outage::kDisbelieved, cat({"etcd: ", words, " below ", prefix_,
                                      " were deleted, and by no master", kStays, kIfMeant}));
    return begin_load();
  }
  if (!in_time) return;
  for (const auto& [key, revision] : doubt_.keys()) {
    log_.warn(kEtcdModule, cat({prefix_, key, " was deleted, and by no master; it is believed"}));
    mirror_.apply({{}, {key}, revision});
  }
  doubt_.clear();
  copy_.changed();
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

void EtcdRegistry::set_up(Outage outage, std::string words) {
  const bool up = outage == Outage::kNone;
  outage_ = outage;
  if (up == state_.up && (up || words == state_.words)) return;
  if (up) {
    words = "records are read and written";
    outage_logged_ = Outage::kNone;
    log_.info(kEtcdModule, cat({client_.member(), prefix_, ": ", words}));
  } else if (std::exchange(outage_logged_, outage) != outage) {
    log_.error(kEtcdModule, words + "; records are read from memory and cannot be changed");
  }
  if (up != state_.up) state_.since = control_.clock().wall();
  state_.up = up;
  state_.words = std::move(words);
}

void EtcdRegistry::rest(UniqueFunction<void()> then) { control_.post(std::move(then)); }

bool is_vital(std::string_view key) {
  return std::find(kVital.begin(), kVital.end(), registry_class(key)) != kVital.end();
}

void count_record(RecordCounts& counts, std::string_view key) {
  if (is_vital(key)) ++counts[std::string(registry_class(key))];
}

void add_sum(RecordCounts& sums, const RegistryRecord& record) {
  for (const std::string_view record_class : kVital)
    if (record.key == deletions_key(record_class))
      sums[std::string(record_class)] = parse_u64(record.value).value_or(0);
}

RecordCounts DeletionDoubt::counts() const {
  RecordCounts counts;
  for (const auto& [key, revision] : keys_) count_record(counts, key);
  return counts;
}

std::string too_many_deleted(const RecordCounts& held, const RecordCounts& gone) {
  std::size_t all = 0;
  bool whole_class = false;
  std::string words;
  for (const auto& [record_class, count] : gone) {
    const auto at = held.find(record_class);
    const std::size_t of = at == held.end() ? 0 : at->second;
    all += count;
    whole_class = whole_class || (count > 1 && count >= of);
    words += cat({words.empty() ? "" : ", ", count, " of ", of, ' ', record_class});
  }
  return all > DeletionDoubt::kByHand || whole_class ? words : std::string();
}

void EtcdLoader::start(std::chrono::milliseconds within, bool impatient, Done done) {
  within_ = within;
  impatient_ = impatient;
  done_ = std::move(done);
  restarts_ = 0;
  loaded_ = {};
  bytes_ = 0;
  next_key_ = prefix_;
  run_ = std::make_shared<int>();
  ask_page();
}

void EtcdLoader::ask_page() {
  EtcdRangeQuestion range;
  range.key = next_key_;
  range.end = prefix_end(prefix_);
  range.limit = kPage;
  range.revision = loaded_.content.revision;
  EtcdQuestion question;
  question.path = "/v3/kv/range";
  question.body = etcd_range_text(range);
  question.within = within_;
  question.impatient = impatient_;
  question.answer_bytes = kPageBytes;
  client_.ask(std::move(question),
              [this, run = std::weak_ptr<int>(run_)](Result<EtcdAnswer> answer) {
                if (!run.expired()) on_page(std::move(answer));
              });
}

void EtcdLoader::on_page(Result<EtcdAnswer> answer) {
  if (!answer) {
    // The revision of the first page has been compacted.
    if (answer.error().what.find("compacted") == std::string::npos || restarts_ == kRestarts)
      return end(answer.error());
    ++restarts_;
    loaded_ = {};
    bytes_ = 0;
    next_key_ = prefix_;
    return ask_page();
  }
  auto range = parse_etcd_range(answer->json);
  if (!range) return end(range.error());
  // Later pages are read at the revision of the first, but their answers have the store's present
  // one.
  if (loaded_.content.revision == 0) loaded_.content.revision = range->revision;
  if (range->deletions > 0) loaded_.deletions = range->deletions;
  // Without this, pages that repeat would be read for ever.
  const std::string asked = next_key_;
  for (const RegistryRecord& record : range->records) {
    if (record.key < asked)
      return end(Error::invalid(cat({answer->member, ": the answer has ", record.key.substr(0, 80),
                                     ", which was not asked for; nothing of it is read"})));
    if (record.key >= next_key_) next_key_ = record.key + '\0';
    bytes_ += record.key.size() + record.value.size();
  }
  if (bytes_ > StoreCopy::kCopyBytes)
    return end(
        Error::limit(cat({answer->member, ": the records below ", prefix_, " have more than ",
                          StoreCopy::kCopyBytes, " bytes; they are not read"})));
  const bool more = range->more && !range->records.empty();
  for (RegistryRecord& record : range->records) take(std::move(record));
  if (more) return ask_page();
  loaded_.member = std::move(answer->member);
  end(std::move(loaded_));
}

void EtcdLoader::take(RegistryRecord record) {
  if (!record.key.starts_with(prefix_)) return;
  record.key.erase(0, prefix_.size());
  if (record.key == kFormatKey) {
    loaded_.format = std::move(record.value);
    loaded_.format_revision = record.revision;
  } else if (record.key == kDeletedKey) {
    loaded_.deleted = std::move(record);
  } else if (record.key == kProbeKey) {
    return;
  } else if (!is_registry_key(record.key) || record.value.size() > Registry::kValueBytes) {
    ++loaded_.foreign;
  } else {
    loaded_.content.records.push_back(std::move(record));
  }
}

void EtcdLoader::end(Result<Loaded> result) {
  run_.reset();
  Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace lb
