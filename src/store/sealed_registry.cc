#include "store/sealed_registry.h"

#include <utility>

#include "base/cat.h"
#include "config/mounts/record_secrets.h"
#include "registry/key.h"

namespace lb {
namespace {

constexpr std::string_view kSealModule = "store/seal";

// Only those can have secrets; the text decides quickly for nearly all of ten thousand.
bool may_have_secrets(const std::string& key, const std::string& value) {
  return registry_class(key) == "mounts" && (value.find("<authentication") != std::string::npos ||
                                             value.find("<relay") != std::string::npos);
}

}  // namespace

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

// One after the other, so that a conflict is of one record alone: it has been written meanwhile, by
// this version or a newer one.
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
