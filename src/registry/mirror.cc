#include "registry/mirror.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>

#include "base/cat.h"

namespace lb {

void Mirror::watch(std::uint64_t from, Watcher watcher) {
  watcher_ = std::move(watcher);
  std::erase_if(missed_, [from](const RegistryChange& change) { return change.revision <= from; });
  if (!missed_.empty()) report_missed_.after(std::chrono::microseconds(0));
}

void Mirror::report_missed() {
  for (RegistryChange& change : std::exchange(missed_, {})) watcher_(std::move(change));
}

void Mirror::tell(RegistryChange change) {
  if (change.set.empty() && change.deleted.empty()) return;
  // Changes keep their order: unreported missed ones go first.
  if (!watcher_ || !missed_.empty())
    missed_.push_back(std::move(change));
  else
    watcher_(std::move(change));
}

void Mirror::replace(RegistryContent content) {
  RegistryChange change;
  Records records;
  std::erase_if(ahead_, [&](const auto& row) { return row.second <= content.revision; });
  for (const auto& [key, revision] : ahead_)
    if (const auto held = records_.find(key); held != records_.end()) records.insert(*held);
  for (RegistryRecord& record : content.records) {
    if (ahead_.contains(record.key)) continue;
    const auto held = records_.find(record.key);
    if (held != records_.end() && *held->second == record) {
      records.insert(*held);
      continue;
    }
    change.set.push_back(record);
    std::string key = record.key;
    records.emplace(std::move(key), std::make_shared<const RegistryRecord>(std::move(record)));
  }
  for (const auto& [key, record] : records_)
    if (!records.contains(key)) change.deleted.push_back(key);
  records_ = std::move(records);
  revision_ = content.revision;
  for (const auto& [key, revision] : ahead_) revision_ = std::max(revision_, revision);
  change.revision = revision_;
  tell(std::move(change));
}

void Mirror::commit(const RegistryWrite& write, std::uint64_t revision) {
  RegistryChange change;
  change.revision = revision;
  for (const auto& [key, value] : write.puts) change.set.push_back({key, value, revision});
  if (write.made) change.set.push_back({write.made->first, write.made->second, revision});
  change.deleted = write.deletes;
  const RegistryChange applied = change;
  apply(std::move(change));
  for (const RegistryRecord& record : applied.set) ahead_[record.key] = revision;
  for (const std::string& key : applied.deleted) ahead_[key] = revision;
}

void Mirror::apply(RegistryChange change) {
  std::erase_if(change.set, [this](const RegistryRecord& record) {
    const RegistryRecord* held = find(record.key);
    const auto ours = ahead_.find(record.key);
    return (held != nullptr && held->revision >= record.revision) ||
           (ours != ahead_.end() && ours->second >= record.revision);
  });
  std::erase_if(change.deleted, [this, &change](const std::string& key) {
    const RegistryRecord* held = find(key);
    return held == nullptr || held->revision > change.revision;
  });
  for (const RegistryRecord& record : change.set)
    records_[record.key] = std::make_shared<const RegistryRecord>(record);
  for (const std::string& key : change.deleted) records_.erase(key);
  revision_ = std::max(revision_, change.revision);
  change.revision = revision_;
  tell(std::move(change));
}

void Mirror::seen(std::uint64_t revision) {
  revision_ = std::max(revision_, revision);
  std::erase_if(ahead_, [revision](const auto& row) { return row.second <= revision; });
}

const RegistryRecord* Mirror::find(const std::string& key) const {
  const auto at = records_.find(key);
  return at == records_.end() ? nullptr : at->second.get();
}

RegistryContent Mirror::content() const {
  RegistryContent content;
  content.revision = revision_;
  content.records.reserve(records_.size());
  for (const auto& [key, record] : records_) content.records.push_back(*record);
  return content;
}

Mirror::Snapshot Mirror::snapshot() const {
  Snapshot snapshot;
  snapshot.revision = revision_;
  snapshot.records.reserve(records_.size());
  for (const auto& [key, record] : records_) snapshot.records.push_back(record);
  return snapshot;
}

bool Mirror::holds(const RegistryWrite& write) const {
  const auto holds = [this](const RegistryCompare& compare) {
    const RegistryRecord* held = find(compare.key);
    return (held == nullptr ? 0 : held->revision) == compare.revision;
  };
  return std::all_of(write.compares.begin(), write.compares.end(), holds) &&
         (!write.made || find(write.made->first) == nullptr);
}

std::vector<RegistryRecord> Mirror::current(const RegistryWrite& write) const {
  std::vector<RegistryRecord> current;
  for (const RegistryCompare& compare : write.compares)
    if (const RegistryRecord* held = find(compare.key)) current.push_back(*held);
  if (write.made)
    if (const RegistryRecord* held = find(write.made->first)) current.push_back(*held);
  return current;
}

std::string registry_write_fault(const RegistryWrite& write) {
  const std::size_t operations =
      std::max(write.compares.size(), write.puts.size() + write.deletes.size()) +
      (write.made ? 1 : 0);
  if (operations > Registry::kWriteOperations)
    return cat(
        {"a write of ", operations, " operations; ", Registry::kWriteOperations, " are allowed"});
  std::set<std::string_view> written;
  std::string fault;
  const auto judge = [&](std::string_view key, std::string_view value) {
    if (!is_registry_key(key) || key.find('/') == std::string_view::npos)
      fault = cat({"\"", key.substr(0, 80), "\" is not a key"});
    else if (!written.insert(key).second)
      fault = cat({key, " is written twice at once"});
    else if (value.size() > Registry::kValueBytes)
      fault = cat({key, ": ", value.size(), " bytes; ", Registry::kValueBytes, " are allowed"});
  };
  for (const auto& [key, value] : write.puts) judge(key, value);
  for (const std::string& key : write.deletes) judge(key, {});
  if (write.made) judge(write.made->first, write.made->second);
  if (write.made && !write.made->first.starts_with("made/"))
    fault = write.made->first + " is not a key below made/";
  for (const RegistryCompare& compare : write.compares)
    if (!is_registry_key(compare.key))
      fault = cat({"\"", compare.key.substr(0, 80), "\" is not a key"});
  return fault;
}

}  // namespace lb
