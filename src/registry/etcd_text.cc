#include "registry/etcd_text.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kWordsBytes = 300;
constexpr std::string_view kCounted = "counted after ";

// Missing means 0; a text that is not a number gives nullopt.
std::optional<std::uint64_t> etcd_number(const Json& value) {
  if (value.missing()) return 0;
  if (const auto text = value.text()) return parse_u64(*text);
  return value.u64();
}

bool etcd_flag(const Json& value) { return value.boolean().value_or(false); }

std::optional<std::string> etcd_bytes(const Json& value) {
  if (value.missing()) return std::string();
  const auto text = value.text();
  return text ? base64_decode(*text) : std::nullopt;
}

std::optional<RegistryRecord> etcd_record(const Json& kv) {
  auto key = etcd_bytes(kv.at("key")), value = etcd_bytes(kv.at("value"));
  const auto revision = etcd_number(kv.at("mod_revision"));
  if (!kv.is_object() || !key || key->empty() || !value || !revision) return std::nullopt;
  return RegistryRecord{std::move(*key), std::move(*value), *revision};
}

Result<std::uint64_t> etcd_revision(const Json& answer, const char* what) {
  const Json header = answer.at("header");
  const auto revision = etcd_number(header.at("revision"));
  if (!header.is_object() || !revision)
    return Error::invalid(cat({"etcd's answer to ", what, " has no revision"}));
  return *revision;
}

Result<std::vector<RegistryRecord>> etcd_records(const Json& kvs) {
  std::vector<RegistryRecord> records;
  records.reserve(kvs.size());
  for (std::size_t i = 0; i < kvs.size(); ++i) {
    auto record = etcd_record(kvs.at(i));
    if (!record) return Error::invalid("etcd's answer has a record that cannot be read");
    records.push_back(std::move(*record));
  }
  return records;
}

void bytes_member(JsonWriter& json, std::string_view name, std::string_view bytes) {
  json.key(name).text(base64_encode(bytes));
}
void number_member(JsonWriter& json, std::string_view name, std::uint64_t number) {
  json.key(name).text(std::to_string(number));
}

std::string at_prefix(std::string_view prefix, std::string_view key) { return cat({prefix, key}); }

void put_operation(JsonWriter& json, std::string_view key, std::string_view value,
                   std::string_view lease) {
  json.begin_object().key("request_put").begin_object();
  bytes_member(json, "key", key);
  bytes_member(json, "value", value);
  if (!lease.empty()) json.key("lease").text(lease);
  json.end_object().end_object();
}

void key_operation(JsonWriter& json, std::string_view name, std::string_view key) {
  json.begin_object().key(name).begin_object();
  bytes_member(json, "key", key);
  json.end_object().end_object();
}

}  // namespace

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string etcd_range_text(const EtcdRangeQuestion& question) {
  JsonWriter json;
  json.begin_object();
  bytes_member(json, "key", question.key);
  if (!question.end.empty()) bytes_member(json, "range_end", question.end);
  if (question.limit > 0) number_member(json, "limit", question.limit);
  if (question.revision > 0) number_member(json, "revision", question.revision);
  if (question.serializable) json.key("serializable").boolean(true);
  json.end_object();
  return json.take();
}

std::string etcd_txn_text(std::string_view prefix, const RegistryWrite& write,
                          std::string_view lease) {
  std::vector<RegistryCompare> compares = write.compares;
  if (write.made) compares.push_back({write.made->first, 0});
  JsonWriter json;
  json.begin_object().key("compare").begin_array();
  for (const RegistryCompare& compare : compares) {
    const bool absent = compare.revision == 0;
    json.begin_object();
    json.key("target").text(absent ? "CREATE" : "MOD");
    json.key("result").text("EQUAL");
    bytes_member(json, "key", at_prefix(prefix, compare.key));
    number_member(json, absent ? "create_revision" : "mod_revision", compare.revision);
    json.end_object();
  }
  json.end_array().key("success").begin_array();
  for (const auto& [key, value] : write.puts)
    put_operation(json, at_prefix(prefix, key), value, {});
  if (write.made)
    put_operation(json, at_prefix(prefix, write.made->first), write.made->second, lease);
  for (const std::string& key : write.deletes)
    key_operation(json, "request_delete_range", at_prefix(prefix, key));
  json.end_array().key("failure").begin_array();
  for (const RegistryCompare& compare : compares)
    key_operation(json, "request_range", at_prefix(prefix, compare.key));
  json.end_array().end_object();
  return json.take();
}

std::string etcd_watch_text(std::string_view prefix, std::uint64_t from) {
  JsonWriter json;
  json.begin_object().key("create_request").begin_object();
  bytes_member(json, "key", prefix);
  bytes_member(json, "range_end", prefix_end(prefix));
  number_member(json, "start_revision", from);
  json.key("progress_notify").boolean(true);
  json.key("fragment").boolean(true);
  json.end_object().end_object();
  return json.take();
}

std::string etcd_lease_text(std::uint64_t seconds) {
  JsonWriter json;
  json.begin_object();
  number_member(json, "TTL", seconds);
  json.end_object();
  return json.take();
}

std::string etcd_login_text(std::string_view name, std::string_view password) {
  JsonWriter json;
  json.begin_object().key("name").text(name).key("password").text(password).end_object();
  return json.take();
}

std::string deletions_key(std::string_view record_class) {
  return cat({kDeletedKey, "/", record_class});
}

std::string deleted_value(std::uint64_t uncounted) { return cat({kCounted, uncounted}); }

std::uint64_t uncounted_deletion(const RegistryRecord& deleted) {
  const std::string_view value = deleted.value;
  if (!value.starts_with(kCounted)) return deleted.revision;
  return parse_u64(value.substr(kCounted.size())).value_or(0);
}

Result<EtcdRange> parse_etcd_range(const Json& answer) {
  EtcdRange range;
  const auto revision = etcd_revision(answer, "a range");
  if (!revision) return revision.error();
  range.revision = *revision;
  range.cluster = std::string(answer.at("header").at("cluster_id").text().value_or(""));
  auto records = etcd_records(answer.at("kvs"));
  if (!records) return records.error();
  range.records = std::move(*records);
  for (std::size_t i = 0; i < range.records.size(); ++i)
    if (range.records[i].key.ends_with(kDeletedKey))
      range.deletions = etcd_number(answer.at("kvs").at(i).at("version")).value_or(0);
  range.more = etcd_flag(answer.at("more"));
  return range;
}

Result<EtcdTxn> parse_etcd_txn(const Json& answer) {
  EtcdTxn txn;
  const auto revision = etcd_revision(answer, "a transaction");
  if (!revision) return revision.error();
  txn.revision = *revision;
  txn.succeeded = etcd_flag(answer.at("succeeded"));
  if (txn.succeeded) return txn;
  const Json responses = answer.at("responses");
  for (std::size_t i = 0; i < responses.size(); ++i) {
    auto records = etcd_records(responses.at(i).at("response_range").at("kvs"));
    if (!records) return records.error();
    std::move(records->begin(), records->end(), std::back_inserter(txn.found));
  }
  return txn;
}

Result<EtcdWatchLine> parse_etcd_watch(std::string_view line) {
  const auto json = Json::parse(line);
  if (!json) return json.error();
  EtcdWatchLine watch;
  const Json result = json->at("result");
  if (!result.is_object()) {
    watch.canceled = true;
    watch.reason = etcd_error_words(line);
    return watch;
  }
  const auto revision = etcd_revision(result, "a watch");
  const auto compacted = etcd_number(result.at("compact_revision"));
  if (!revision) return revision.error();
  if (!compacted) return Error::invalid("etcd's watch has a compact_revision that is not a number");
  watch.revision = *revision;
  watch.compact_revision = *compacted;
  watch.created = etcd_flag(result.at("created"));
  watch.canceled = etcd_flag(result.at("canceled"));
  watch.fragment = etcd_flag(result.at("fragment"));
  watch.reason = std::string(result.at("cancel_reason").text().value_or("").substr(0, kWordsBytes));
  const Json events = result.at("events");
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Json event = events.at(i);
    auto record = etcd_record(event.at("kv"));
    if (!record) return Error::invalid("etcd's watch has an event that cannot be read");
    watch.events.push_back(
        {event.at("type").text() == "DELETE" || event.at("type").u64() == 1, std::move(*record)});
  }
  return watch;
}

Result<std::string> parse_etcd_lease(const Json& answer) {
  const auto id = etcd_number(answer.at("ID"));
  if (!id || *id == 0) return Error::invalid("etcd's answer has no lease");
  return std::to_string(*id);
}

Result<std::string> parse_etcd_token(const Json& answer) {
  const auto token = answer.at("token").text();
  const bool plain =
      token && !token->empty() && token->size() <= 4096 &&
      std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain) return Error::invalid("etcd's answer to a login has no token");
  return std::string(*token);
}

std::string etcd_error_words(std::string_view body) {
  const auto json = Json::parse(body);
  std::string words;
  if (json) {
    const Json inner = json->at("error");
    for (const Json& place : {json->at("message"), inner, inner.at("message")})
      if (words.empty()) words = std::string(place.text().value_or(""));
  }
  if (words.empty()) words = std::string(trim(body));
  return words.substr(0, kWordsBytes);
}

}  // namespace lb
