#include "api/request/record_book.h"

#include <optional>
#include <utility>

#include "api/request/node_weight.h"
#include "api/request/placement.h"
#include "auth/login/session_records.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"

namespace lb {
namespace {

struct KeyParts {
  std::string_view family;
  std::string name;  // decoded
};

std::optional<KeyParts> split_key(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto name = percent_decode(key.substr(slash + 1), false);
  if (!name) return std::nullopt;
  return KeyParts{key.substr(0, slash), *std::move(name)};
}

template <class T>
void put(RecordBook::Rows<T>& rows, const std::string& name, Result<T> parsed,
         const RegistryRecord& record, std::vector<std::string>& complaints) {
  if (parsed) {
    rows.set(name,
             std::make_shared<const BookRow<T>>(BookRow<T>{*std::move(parsed), record.revision}));
    return;
  }
  const auto at = rows.find(name);
  complaints.push_back(cat({"record ", record.key, ": ", parsed.error().what,
                            at == rows.end() ? "; it is left out" : "; its last good form stays"}));
  if (at != rows.end())
    rows.set(name,
             std::make_shared<const BookRow<T>>(BookRow<T>{at->second->value, record.revision}));
}

Result<MountRecord> parse_mount(const std::string& name, const std::string& xml) {
  auto parsed = parse_mount_record(xml);
  if (parsed && parsed->mount != name) return Error::invalid("it is a record of " + parsed->mount);
  return parsed;
}

// NUL separates the names, as no mount contains one.
std::string lead_key(std::string_view to, std::string_view mount) {
  std::string key(to);
  return key.append(1, '\0').append(mount);
}

constexpr std::size_t kLifeIdBytes = 32;
constexpr std::uint64_t kMaxLives = 1'000'000'000;

// Calls with each other mount that the record's listeners may come to hear.
template <class Each>
void each_lead(const MountRecord& record, Each each) {
  const auto text = [&each](const XmlNode& from) {
    if (const std::string_view to = trim(from.text); !to.empty()) each(to);
  };
  for (const XmlNode& child : record.settings.children) {
    if (child.name == "fallback-mount" || child.name == "suspended-mount") text(child);
    if (child.name != "hls") continue;
    for (const XmlNode& variant : child.children) {
      if (variant.name != "variant") continue;
      for (const XmlAttribute& attribute : variant.attributes)
        if (attribute.name == "mount") each(std::string_view(trim(attribute.value)));
      for (const XmlNode& mount : variant.children)
        if (mount.name == "mount") text(mount);
    }
  }
}

}  // namespace

void RecordBook::set(const RegistryRecord& record, std::vector<std::string>& complaints) {
  revisions_.set(record.key, record.revision);
  const auto key = split_key(record.key);
  if (!key) return;  // "format"
  if (key->family == "accounts")
    put_account(key->name, parse_account(key->name, record.value), record, complaints);
  else if (key->family == "users")
    put(users_, key->name, parse_user(key->name, record.value), record, complaints);
  else if (key->family == "tokens")
    put(tokens_, key->name, parse_token(key->name, record.value), record, complaints);
  else if (key->family == "mounts")
    put_mount(key->name, parse_mount(key->name, record.value), record, complaints);
  else if (key->family == "stations")
    put_station(key->name, parse_station(key->name, record.value), record, complaints);
  else if (key->family == "bans")
    put(bans_, key->name, parse_ban(key->name, record.value), record, complaints);
  else if (key->family == "weights")
    put(weights_, key->name, parse_node_weight(record.value), record, complaints);
  else if (key->family == "ended")
    put(ended_, key->name, parse_ended(key->name, record.value), record, complaints);
  else if (key->family == "usage")
    put(usages_, key->name, parse_usage_share(record.value), record, complaints);
  else if (key->family == "keys" || key->family == "masters")
    masters_.set(record.key, std::make_shared<const std::string>(record.value));
  else if (key->family == "acme")
    acme_.set(record.key, std::make_shared<const std::string>(record.value));
  else if (key->family == "made")
    made_.set(record.key, std::make_shared<const std::string>(record.value));
  else if (record.key == kStoreLifeKey)
    set_life(record, complaints);
}

void RecordBook::put_mount(const std::string& name, Result<MountRecord> parsed,
                           const RegistryRecord& record, std::vector<std::string>& complaints) {
  if (const auto* row = mount(name)) count(row->value, false);
  put(mounts_, name, std::move(parsed), record, complaints);
  if (const auto* row = mount(name)) count(row->value, true);
  set_effective(name);
}

void RecordBook::put_account(const std::string& id, Result<Account> parsed,
                             const RegistryRecord& record, std::vector<std::string>& complaints) {
  const bool was = is_suspended(id);
  put(accounts_, id, std::move(parsed), record, complaints);
  if (is_suspended(id) != was) set_effective_of(id);
}

void RecordBook::put_station(const std::string& id, Result<StationRecord> parsed,
                             const RegistryRecord& record, std::vector<std::string>& complaints) {
  put(stations_, id, std::move(parsed), record, complaints);
  if (const auto* row = stations_.look_up(id))
    station_records_.set(id, std::shared_ptr<const StationRecord>(*row, &(*row)->value));
}

void RecordBook::set_effective_of(std::string_view account) {
  for (const auto& [name, row] : mounts_)
    if (row->value.account == account) set_effective(name);
}

void RecordBook::set_effective(const std::string& name) {
  const auto* row = mounts_.look_up(name);
  if (row == nullptr)
    effective_.erase(name);
  else if (is_suspended_by_account((*row)->value))
    effective_.set(name, std::make_shared<const MountRecord>(effective((*row)->value)));
  else
    effective_.set(name, std::shared_ptr<const MountRecord>(*row, &(*row)->value));
}

void RecordBook::count(const MountRecord& record, bool in) {
  each_lead(record, [&](std::string_view to) {
    if (in)
      leads_.set(lead_key(to, record.mount), true);
    else
      leads_.erase(lead_key(to, record.mount));
  });
  if (!record.account.empty()) {
    QuotaUse use = quota_use(record.account);
    use.count(lb::quota_use(record), in);
    if (use.mounts == 0)
      used_.erase(record.account);
    else
      used_.set(record.account, use);
  }
  const std::uint64_t kbps =
      record.limits.bitrate > 0 ? static_cast<std::uint64_t>(record.limits.bitrate) : kUsualKbps;
  for (const std::string* node : {&record.home, &record.backup})
    if (!node->empty()) {
      const std::uint64_t sum = reserved_kbps(*node) + (in ? kbps : -kbps);
      if (sum == 0)
        reserved_.erase(*node);
      else
        reserved_.set(*node, sum);
    }
}

QuotaUse quota_use(const MountRecord& record) noexcept {
  const auto of = [](std::int64_t limit) {
    return limit > 0 ? static_cast<std::uint64_t>(limit) : 0;
  };
  const RecordLimits& limits = record.limits;
  return {1,
          of(limits.listeners),
          of(limits.bitrate),
          of(limits.storage),
          of(limits.listening_hours),
          of(limits.transfer)};
}

std::string fallback_of(const MountRecord& record) {
  for (const XmlNode& child : record.settings.children)
    if (child.name == "fallback-mount") return std::string(trim(child.text));
  return {};
}

std::vector<std::string> RecordBook::leading_to(std::string_view mount) const {
  const std::string first = lead_key(mount, {});
  std::vector<std::string> names;
  for (auto at = leads_.lower_bound(first); at != leads_.end() && at->first.starts_with(first);
       ++at)
    names.push_back(at->first.substr(first.size()));
  return names;
}

QuotaUse RecordBook::quota_use(std::string_view account) const {
  const auto at = used_.find(account);
  return at == used_.end() ? QuotaUse() : at->second;
}

std::uint64_t RecordBook::reserved_kbps(std::string_view node) const {
  const auto at = reserved_.find(node);
  return at == reserved_.end() ? 0 : at->second;
}

void RecordBook::set_life(const RegistryRecord& record, std::vector<std::string>& complaints) {
  auto life = parse_store_life(record.value);
  if (life)
    life_ = *std::move(life);
  else
    complaints.push_back(
        cat({"record ", record.key, ": ", life.error().what,
             life_.life == 0 ? "; nodes are told nothing" : "; it stays as it was"}));
}

void RecordBook::remove(const std::string& key) {
  revisions_.erase(key);
  const auto parts = split_key(key);
  if (!parts) return;
  if (parts->family == "accounts") {
    const bool was = is_suspended(parts->name);
    accounts_.erase(parts->name);
    if (was) set_effective_of(parts->name);
  }
  if (parts->family == "users") users_.erase(parts->name);
  if (parts->family == "tokens") tokens_.erase(parts->name);
  if (parts->family == "mounts") {
    if (const auto* row = mount(parts->name)) count(row->value, false);
    mounts_.erase(parts->name);
    effective_.erase(parts->name);
  }
  if (parts->family == "stations") {
    stations_.erase(parts->name);
    station_records_.erase(parts->name);
  }
  if (parts->family == "bans") bans_.erase(parts->name);
  if (parts->family == "weights") weights_.erase(parts->name);
  if (parts->family == "ended") ended_.erase(parts->name);
  if (parts->family == "usage") usages_.erase(parts->name);
  if (parts->family == "keys" || parts->family == "masters") masters_.erase(key);
  if (parts->family == "acme") acme_.erase(key);
  if (parts->family == "made") made_.erase(key);
}

std::shared_ptr<const RecordBook> RecordBook::make(const RegistryContent& content,
                                                   std::vector<std::string>& complaints) {
  auto book = std::make_shared<RecordBook>();
  for (const RegistryRecord& record : content.records) book->set(record, complaints);
  book->revision_ = content.revision;
  return book;
}

std::shared_ptr<const RecordBook> RecordBook::after(const RegistryChange& change,
                                                    std::vector<std::string>& complaints) const {
  auto book = std::make_shared<RecordBook>(*this);
  for (const std::string& key : change.deleted) book->remove(key);
  for (const RegistryRecord& record : change.set) book->set(record, complaints);
  book->revision_ = change.revision;
  return book;
}

std::uint64_t RecordBook::revision_of(std::string_view key) const {
  const auto at = revisions_.find(key);
  return at == revisions_.end() ? 0 : at->second;
}

const std::string* RecordBook::made(std::string_view key) const {
  const auto at = made_.find(key);
  return at == made_.end() ? nullptr : at->second.get();
}

std::vector<Ban> RecordBook::all_bans() const {
  std::vector<Ban> bans;
  for (const auto& [id, row] : bans_) bans.push_back(row->value);
  return bans;
}

std::map<std::string, unsigned, std::less<>> RecordBook::all_weights() const {
  std::map<std::string, unsigned, std::less<>> weights;
  for (const auto& [node, row] : weights_) weights.emplace(node, row->value);
  return weights;
}

std::shared_ptr<const UserBook> RecordBook::user_book() const {
  std::vector<User> users;
  std::vector<ApiToken> tokens;
  for (const auto& [name, row] : users_) users.push_back(row->value);
  for (const auto& [id, row] : tokens_) tokens.push_back(row->value);
  return std::make_shared<const UserBook>(std::move(users), std::move(tokens));
}

MountRecord RecordBook::effective(const MountRecord& record) const {
  MountRecord out = record;
  if (is_suspended_by_account(record)) out.state = RecordState::kSuspended;
  return out;
}

bool RecordBook::is_suspended(std::string_view id) const {
  const auto* owner = account(id);
  return owner != nullptr && owner->value.suspended;
}

bool RecordBook::is_suspended_by_account(const MountRecord& record) const {
  const bool takes_sources =
      record.state == RecordState::kActive || record.state == RecordState::kMoving;
  return takes_sources && is_suspended(record.account);
}

Result<StoreLife> parse_store_life(std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  StoreLife life;
  life.id = parsed->at("id").text().value_or("");
  life.life = parsed->at("life").u64().value_or(0);
  if (life.id.size() != kLifeIdBytes || !is_hex_text(life.id) || life.life == 0 ||
      life.life > kMaxLives)
    return Error::invalid("it needs an id of 32 hexadecimal digits, and a life of 1 or more");
  return life;
}

std::string store_life_json(const StoreLife& life) {
  JsonWriter json;
  json.begin_object();
  json.key("id").text(life.id);
  json.key("life").number(life.life);
  json.end_object();
  return json.take();
}

std::string store_name(const StoreLife& life) {
  return life.life == 0 ? std::string() : cat({life.id, '.', life.life});
}

}  // namespace lb
