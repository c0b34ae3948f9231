#include "registry/etcd_loader.h"

namespace lb {
namespace {

constexpr unsigned kRestarts = 3;
constexpr std::size_t kPageBytes = 8 << 20;

}  // namespace

void EtcdLoader::start(std::chrono::milliseconds within, bool impatient, Done done) {
  within_ = within;
  impatient_ = impatient;
  done_ = std::move(done);
  restarts_ = 0;
  loaded_ = {};
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
    // The revision of the first page was compacted meanwhile.
    if (answer.error().what.find("compacted") == std::string::npos || restarts_ == kRestarts)
      return end(answer.error());
    ++restarts_;
    loaded_ = {};
    next_key_ = prefix_;
    return ask_page();
  }
  auto range = parse_etcd_range(answer->json);
  if (!range) return end(range.error());
  // Later pages are asked for at the revision of the first, and answer with that of the store.
  if (loaded_.content.revision == 0) loaded_.content.revision = range->revision;
  if (!range->records.empty()) next_key_ = range->records.back().key + '\0';
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
    loaded_.deleted_revision = record.revision;
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
