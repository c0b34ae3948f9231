#include "store/store_registry.h"

#include <string_view>
#include <utility>
#include <vector>

#include "api/request/record_book.h"
#include "base/cat.h"
#include "registry/make_registry.h"
#include "store/sealed_registry.h"

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

}  // namespace lb
