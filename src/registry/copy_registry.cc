#include "registry/copy_registry.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "registry/key.h"

namespace lb {
namespace {

// The writes of one commit: with the compares it stays below etcd's 1.5 MiB a request.
constexpr std::size_t kCopyWrites = Registry::kWriteOperations;
constexpr std::size_t kCopyBytes = 512 * 1024;

// made/ belongs to the revisions of its store, and store/ to the store itself.
bool is_copied(std::string_view key) { return has_face(key) && registry_class(key) != "store"; }

// One copy under way; the callbacks of its registries share it.
class RegistryCopy : public std::enable_shared_from_this<RegistryCopy> {
 public:
  using Done = UniqueFunction<void(Result<RegistryCopied>)>;

  RegistryCopy(Registry& to, CopyOver over, Done done)
      : to_(to), over_(over), done_(std::move(done)) {}

  void begin(Registry& from) {
    from.load([self = shared_from_this()](Result<RegistryContent> content) {
      if (!content) return self->done_(content.error());
      self->begin(std::move(content->records));
    });
  }
  void begin(std::vector<RegistryRecord> records) {
    for (RegistryRecord& record : records) {
      if (!is_copied(record.key)) continue;
      ++copied_.classes[std::string(registry_class(record.key))];
      records_.push_back(std::move(record));
    }
    if (records_.empty()) return done_(Error::not_found("there are no records"));
    to_.load([self = shared_from_this()](Result<RegistryContent> there) {
      if (!there) return self->done_(there.error());
      self->compare(*there);
    });
  }

 private:
  struct Step {
    std::string key, value;
    std::uint64_t revision = 0;  // of the target's value; 0: absent
    bool removes = false;
  };

  void compare(const RegistryContent& there) {
    std::map<std::string_view, const RegistryRecord*> held;
    for (const RegistryRecord& record : there.records) held[record.key] = &record;
    std::size_t own = 0;
    std::string first;
    const auto note_own = [&](const std::string& key) {
      if (++own == 1) first = key;
    };
    for (RegistryRecord& record : records_) {
      const auto at = held.find(record.key);
      if (at == held.end()) {
        steps_.push_back({std::move(record.key), std::move(record.value)});
        continue;
      }
      const RegistryRecord& now = *at->second;
      held.erase(at);
      if (now.value == record.value) {
        ++copied_.there_already;
        continue;
      }
      note_own(now.key);
      steps_.push_back({std::move(record.key), std::move(record.value), now.revision});
    }
    for (const auto& [key, record] : held) {
      if (registry_class(key) == "store") continue;
      // Records of repeated requests (made/) do not count as the target's own.
      if (has_face(key)) note_own(record->key);
      steps_.push_back({record->key, {}, record->revision, true});
    }
    if (own > 0 && over_ == CopyOver::kNothing)
      return done_(
          Error::denied(cat({"it has ", own, " records of its own that differ, the first is ",
                             first, "; nothing was copied"})));
    if (over_ == CopyOver::kNothing)
      std::erase_if(steps_, [](const Step& step) { return step.removes; });
    records_.clear();
    write();
  }
  void write() {
    if (at_ == steps_.size()) return done_(std::move(copied_));
    RegistryWrite write;
    std::size_t bytes = 0;
    for (; at_ < steps_.size() && write.compares.size() < kCopyWrites && bytes < kCopyBytes;
         ++at_) {
      Step& step = steps_[at_];
      bytes += step.key.size() * 2 + step.value.size();
      if (step.removes)
        write.remove(step.key, step.revision);
      else
        write.put(step.key, std::move(step.value), step.revision);
      copied_.removed += step.removes ? 1 : 0;
      copied_.written += step.removes ? 0 : 1;
      copied_.replaced += !step.removes && step.revision != 0 ? 1 : 0;
    }
    to_.commit(std::move(write), [self = shared_from_this()](const CommitAnswer& answer) {
      if (answer.result == CommitResult::kConflict)
        return self->done_(
            Error::denied((answer.current.empty() ? "a key" : answer.current[0].key) +
                          " was written by another server meanwhile; the copy was broken off"));
      if (answer.result == CommitResult::kUnavailable)
        return self->done_(Error::closed(answer.why + "; the copy was broken off"));
      self->write();
    });
  }

  Registry& to_;
  const CopyOver over_;
  Done done_;
  std::vector<RegistryRecord> records_;
  std::vector<Step> steps_;
  std::size_t at_ = 0;
  RegistryCopied copied_;
};

}  // namespace

void copy_registry(Registry& from, Registry& to, CopyOver over,
                   UniqueFunction<void(Result<RegistryCopied>)> done) {
  std::make_shared<RegistryCopy>(to, over, std::move(done))->begin(from);
}

void copy_records(std::vector<RegistryRecord> records, Registry& to, CopyOver over,
                  UniqueFunction<void(Result<RegistryCopied>)> done) {
  std::make_shared<RegistryCopy>(to, over, std::move(done))->begin(std::move(records));
}

}  // namespace lb
