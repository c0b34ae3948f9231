// What a registry reads: files of records, copies of stores, answers and lines of etcd, keys.  No
// input makes reading fail; what is read is within its bounds, and records are written as they were
// read.
#include "registry/registry.h"

#include <string>

#include "base/json.h"
#include "check.h"
#include "registry/etcd_text.h"
#include "registry/key.h"
#include "registry/record_text.h"
#include "registry/store_copy.h"

using namespace lb;

namespace {

void try_records(std::string_view text) {
  const auto records = parse_record_text(text);
  if (!records) return;
  for (const StoredRecord& record : *records) {
    fuzz::must(is_registry_key(record.key), "a record without a key");
    fuzz::must(!record.value || record.value->size() <= Registry::kValueBytes, "a value too large");
  }
  const auto again = parse_record_text(record_text(*records));
  fuzz::must(again && *again == *records, "records are not read as they are written");
}

void try_key(std::string_view key) {
  if (!is_registry_key(key) || key.find('/') == std::string_view::npos) return;
  const std::string stem = file_stem(key);
  fuzz::must(!stem.empty() && stem.front() != '.' && stem.find('/') == std::string::npos &&
                 stem.find('\0') == std::string::npos && stem.size() <= kFileStem,
             "a key's file lies elsewhere");
  const auto back = key_of_file(registry_class(key), stem);
  fuzz::must(back ? *back == key : stem.find('=') != std::string::npos, "a file has two keys");
}

void try_etcd(std::string_view text) {
  const auto watch = parse_etcd_watch(text);
  if (watch)
    for (const EtcdEvent& event : watch->events)
      fuzz::must(!event.record.key.empty(), "an event of no key");
  const auto json = Json::parse(text);
  if (!json) return;
  if (const auto range = parse_etcd_range(*json))
    for (const RegistryRecord& record : range->records)
      fuzz::must(!record.key.empty(), "a record of no key");
  const auto txn = parse_etcd_txn(*json);
  fuzz::must(!txn || !txn->succeeded || txn->found.empty(), "a success that found others");
  if (const auto token = parse_etcd_token(*json))
    fuzz::must(token->find_first_of(" \r\n") == std::string::npos, "a token is two lines");
  (void)parse_etcd_lease(*json);
}

std::string copy_text(const RegistryContent& content) {
  Mirror::Snapshot snapshot;
  snapshot.revision = content.revision;
  for (const RegistryRecord& record : content.records)
    snapshot.records.push_back(std::make_shared<const RegistryRecord>(record));
  auto pieces = store_copy_pieces("/lb/", std::move(snapshot));
  std::string text;
  for (auto piece = pieces(); !piece.empty(); piece = pieces()) text += piece;
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  try_records(text);
  try_key(text);
  try_etcd(text);
  fuzz::must(etcd_error_words(text).size() <= 300, "an error of more than a sentence");
  if (const auto copy = parse_store_copy("/lb/", text))
    fuzz::must(parse_store_copy("/lb/", copy_text(*copy))->records == copy->records,
               "a copy is not read as it is written");
  if (const auto key = key_of_file("users", text))
    fuzz::must(file_stem(*key) == text, "a key has two files");
  return 0;
}
