#include "store/store_registry.h"

#include <string_view>
#include <utility>
#include <vector>

#include "api/request/record_book.h"
#include "base/cat.h"
#include "config/mounts/record_secrets.h"
#include "registry/key.h"
#include "registry/make_registry.h"

namespace lb {
namespace {

// Whether a record that was edited by hand can be taken.
Result<void> judge_record(std::string_view key, std::string_view value) {
  RegistryContent content;
  content.records.push_back({std::string(key), std::string(value), 1});
  std::vector<std::string> complaints;
  (void)RecordBook::make(content, complaints);
  if (!complaints.empty()) return Error::invalid(complaints.front());
  return {};
}

constexpr std::string_view kSealModule = "store/seal";

// Only mounts can have secrets; the search avoids parsing nearly all of ten thousand records.
bool may_have_secrets(const std::string& key, const std::string& value) {
  return registry_class(key) == "mounts" && (value.find("<authentication") != std::string::npos ||
                                             value.find("<relay") != std::string::npos);
}

}  // namespace

std::unique_ptr<Registry> open_store_as_kept(const StoreSettings& store, Loop& control, Loop& disk,
                                             Log& log) {
  return make_registry(store, control, disk, log, judge_record);
}

std::unique_ptr<Registry> open_store(const StoreSettings& store, Loop& control, Loop& disk,
                                     Log& log) {
  auto below = open_store_as_kept(store, control, disk, log);
  if (!below) return nullptr;
  return std::make_unique<SealedRegistry>(control, log, SealKeys::of_texts(store.keys),
                                          std::move(below));
}

std::string store_name(const StoreSettings& store) {
  if (store.type == StoreType::kFiles) return "files:" + store.path;
  if (store.type == StoreType::kNone) return "no store";
  std::string name = cat({"etcd:", store.prefix, " at"});
  for (const std::string& member : store.members) name += ' ' + member;
  return name;
}

SealedRegistry::SealedRegistry(Loop& control, Log& log, SealKeys keys,
                               std::unique_ptr<Registry> below)
    : control_(control), log_(log), keys_(std::move(keys)), below_(std::move(below)) {}

SealedRegistry::~SealedRegistry() = default;

void SealedRegistry::load(UniqueFunction<void(Result<RegistryContent>)> done) {
  below_->load([this, done = std::move(done)](Result<RegistryContent> content) mutable {
    if (content) open(content->records, Again::kOldKeysToo);
    done(std::move(content));
    seal_again();
  });
}

RegistryContent SealedRegistry::content() const {
  RegistryContent content = below_->content();
  for (RegistryRecord& record : content.records)
    if (may_have_secrets(record.key, record.value))
      record.value = open_record(keys_, record.key, record.value).xml;
  return content;
}

void SealedRegistry::watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) {
  below_->watch(from, [this, on_change = std::move(on_change)](RegistryChange change) mutable {
    open(change.set, Again::kInClear);
    on_change(std::move(change));
    seal_again();
  });
}

void SealedRegistry::commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> done) {
  for (auto& [key, value] : write.puts) {
    if (!may_have_secrets(key, value)) continue;
    auto sealed = seal_record(keys_, key, value);
    if (sealed) {
      value = std::move(*sealed);
      continue;
    }
    control_.post([done = std::move(done), why = sealed.error().what]() mutable {
      done({CommitResult::kUnavailable, 0, {}, std::move(why)});
    });
    return;
  }
  below_->commit(std::move(write), [this, done = std::move(done)](CommitAnswer answer) mutable {
    for (RegistryRecord& record : answer.current)
      if (may_have_secrets(record.key, record.value))
        record.value = open_record(keys_, record.key, record.value).xml;
    done(std::move(answer));
  });
}

void SealedRegistry::open(std::vector<RegistryRecord>& records, Again again) {
  for (RegistryRecord& record : records) {
    if (!may_have_secrets(record.key, record.value)) continue;
    OpenedRecord opened = open_record(keys_, record.key, record.value);
    if (opened.closed > 0)
      log_.error(kSealModule, cat({"record ", record.key, ": ", opened.closed,
                                   " of its passwords are sealed by none of the keys of <store>; "
                                   "what they are sent to refuses them"}));
    record.value = std::move(opened.xml);
    const std::size_t stale = opened.in_clear + (again == Again::kOldKeysToo ? opened.old_key : 0);
    if (stale > 0 && keys_.can_seal())
      stale_.push_back({record.key, record.value, record.revision});
  }
}

// One record at a time, so that a conflict concerns only that record: this version or a newer one
// has written it meanwhile.
void SealedRegistry::seal_again() {
  if (sealing_ || !below_->state().up) return;
  if (stale_.empty()) {
    if (sealed_again_ > 0)
      log_.info(kSealModule, cat({"the passwords of ", sealed_again_,
                                  " records were sealed by the first key of <store>"}));
    sealed_again_ = 0;
    return;
  }
  Stale next = std::move(stale_.back());
  stale_.pop_back();
  RegistryWrite write;
  write.put(next.key, std::move(next.open), next.revision);
  sealing_ = true;
  commit(std::move(write), [this](const CommitAnswer& answer) {
    sealing_ = false;
    if (answer.result == CommitResult::kDone) ++sealed_again_;
    seal_again();
  });
}

}  // namespace lb
