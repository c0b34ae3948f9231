#include "api/records/mount_answer.h"

#include <algorithm>

#include "admin/page/json_members.h"
#include "api/records/account_usage.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/config.h"

namespace lb {
namespace {

std::string url_of(const std::string& base, const std::string& mount) {
  return base.empty() ? std::string() : base + percent_encode(mount, true);
}

const PlaceCandidate* candidate_named(const PlanContext& context, std::string_view name) {
  const auto& nodes = context.world.nodes;
  const auto at = std::find_if(nodes.begin(), nodes.end(),
                               [name](const PlaceCandidate& node) { return node.node == name; });
  return at == nodes.end() ? nullptr : &*at;
}

// The address of a node for encoders, without a path; "": not known.
std::string base_of(const PlanContext& context, std::string_view node) {
  if (node == context.world.node) return context.world.source_url;
  const PlaceCandidate* home = candidate_named(context, node);
  return home == nullptr ? std::string() : home->url;
}

// The addresses for the mount's source; during a move, at its new home.
struct SourceBases {
  std::string first;
  std::optional<std::string> backup = {};  // nullopt: no backup
};
SourceBases source_bases(const PlanContext& context, const MountRecord& record) {
  const bool moves = record.state == RecordState::kMoving;
  SourceBases bases{base_of(context, moves ? record.place.to : record.home)};
  if (record.takes_backup()) {
    // A move to the backup makes the old home the backup.
    const bool there = moves && record.place.to == record.backup;
    bases.backup = base_of(context, there ? record.home : record.backup);
  }
  return bases;
}

std::string_view home_state(const PlanContext& context, const std::string& home) {
  const PlaceCandidate* node = candidate_named(context, home);
  if (node == nullptr) return "unknown";
  return word_of<NodeState::kDead>(node->state, {"down", "up", "suspect", "draining", "down"});
}

void write_addresses(JsonWriter& json, const PlanContext& context, const std::string& mount,
                     const SourceBases& source, const MadeLogins& made) {
  json.key("source").begin_object();
  text_or_null(json, "url", url_of(source.first, mount));
  if (source.backup) text_or_null(json, "backup", url_of(*source.backup, mount));
  json.key("shoutcast").null();
  if (!made.logins.empty()) {
    json.key("user").text(made.logins.front().first);
    json.key("password").text(made.logins.front().second);
  }
  json.end_object();
  if (made.logins.size() > 1) {
    json.key("logins").begin_array();
    for (const auto& [user, password] : made.logins)
      json.begin_object().key("user").text(user).key("password").text(password).end_object();
    json.end_array();
  }
  json.key("listen").begin_object();
  text_or_null(json, "http", url_of(context.world.listen_http, mount));
  text_or_null(json, "https", url_of(context.world.listen_https, mount));
  json.end_object();
}

void write_now(JsonWriter& json, const PlanContext& context, const std::string& mount) {
  const MountNow now = context.world.now_of(mount);
  json.key("on-air").boolean(now.on_air);
  json.key("fed-by");
  if (now.source) {
    json.begin_object();
    text_or_null(json, "node", now.source->node);
    text_or_null(json, "user", now.source->user);
    text_or_null(json, "address", context.who.addresses ? now.source->address : std::string());
    text_or_null(json, "agent", now.source->agent);
    json.key("since").number(now.source->since);
    number_or_null(json, "kbps", now.source->kbps != 0, now.source->kbps);
    json.end_object();
  } else {
    json.null();
  }
  json.key("off-air");
  if (now.off_air) {
    json.begin_object().key("since").number(now.off_air->since);
    text_or_null(json, "why", now.off_air->why);
    text_or_null(json, "node", now.off_air->node);
    json.end_object();
  } else {
    json.null();
  }
  json.key("listeners").number(now.listeners);
  text_or_null(json, "title", now.title);
  text_or_null(json, "picture-refused", now.picture_refused);
}

bool is_later(const MountSettings* a, const MountSettings* b) { return a->name > b->name; }

std::string suspended_by(const PlanContext& context, const MountRecord& record) {
  if (context.world.usage && context.world.usage->suspends(record.mount)) return "quota";
  if (record.state == RecordState::kSuspended) return record.suspended_by_admin ? "admin" : "owner";
  const auto* account = context.book.account(record.account);
  return account != nullptr && account->value.suspended ? "account" : "";
}

// Of a mount with a monthly limit.
void write_month(JsonWriter& json, const PlanContext& context, const MountRecord& record) {
  if (record.limits.listening_hours < 0 && record.limits.transfer < 0) return;
  const MonthUsage* const used = month_usage_of(context, record.mount);
  json.key("used").begin_object();
  const MonthUsage known = used == nullptr ? MonthUsage() : *used;
  number_or_null(json, "listening-hours", used != nullptr, known.hours());
  number_or_null(json, "transfer", used != nullptr, known.bytes);
  json.end_object();
}

}  // namespace

// For records of the store and of <config-external>.
void write_record_mount(JsonWriter& json, const PlanContext& context, const MountRecord& record,
                        std::string_view origin, std::uint64_t revision, const MadeLogins& made) {
  json.begin_object();
  write_mount_record_members(json, record, RecordSecrets::kHidden);
  json.key("origin").text(origin);
  text_or_null(json, "suspended-by", suspended_by(context, record));
  write_month(json, context, record);
  if (!record.home.empty()) json.key("home-state").text(home_state(context, record.home));
  if (!record.backup.empty()) json.key("backup-state").text(home_state(context, record.backup));
  write_addresses(json, context, record.mount, source_bases(context, record), made);
  write_now(json, context, record.mount);
  if (!made.why.empty()) {
    json.key("why").begin_array();
    for (const PlaceReason& reason : made.why) {
      json.begin_object().key("node").text(reason.node).key("reserved").number(reason.use);
      if (!reason.refused.empty()) json.key("refused").text(reason.refused);
      json.end_object();
    }
    json.end_array();
  }
  if (revision != 0) json.key("revision").text(std::to_string(revision));
  json.end_object();
}

void write_store_mount(JsonWriter& json, const PlanContext& context, const MountRecord& record,
                       std::uint64_t revision, const MadeLogins& made) {
  write_record_mount(json, context, record, "store", revision, made);
}

void write_external_mount(JsonWriter& json, const PlanContext& context, const MountRecord& record) {
  write_record_mount(json, context, record, "external", 0, {});
}

namespace {

void write_own_mount(JsonWriter& json, const PlanContext& context, const std::string& mount,
                     std::string_view origin) {
  json.begin_object();
  json.key("mount").text(mount);
  json.key("state").text("active");
  json.key("origin").text(origin);
  json.key("home").text(context.world.node);
  write_addresses(json, context, mount, {context.world.source_url}, {});
  write_now(json, context, mount);
  json.end_object();
}

}  // namespace

void write_file_mount(JsonWriter& json, const PlanContext& context, const MountSettings& section) {
  write_own_mount(json, context, section.name, "file");
}

void write_playing_mount(JsonWriter& json, const PlanContext& context, const std::string& mount) {
  write_own_mount(json, context, mount, "default");
}

const MountRecord* record_of_mount(const PlanContext& context, std::string_view mount) {
  if (file_section(context.file, mount) != nullptr) return nullptr;
  if (const auto* row = context.book.mount(mount)) return &row->value;
  const auto* record = context.file.book.layers.external.look_up(mount);
  return record == nullptr ? nullptr : record->get();
}

const MountRecord* external_mount(const PlanContext& context, std::string_view mount) {
  return context.book.mount(mount) == nullptr ? record_of_mount(context, mount) : nullptr;
}

bool is_configured(const PlanContext& context, std::string_view mount) {
  return file_section(context.file, mount) != nullptr || record_of_mount(context, mount) != nullptr;
}

std::string account_of_mount(const PlanContext& context, std::string_view mount) {
  const MountRecord* const record = record_of_mount(context, mount);
  return record == nullptr ? std::string() : record->account;
}

std::string account_of_mount(const PlanContext& context, std::string_view mount,
                             std::int64_t number, const std::map<std::int64_t, std::string>& kept) {
  const auto before = kept.find(number);
  if (before == kept.end() || is_configured(context, mount))
    return account_of_mount(context, mount);
  return context.book.account(before->second) != nullptr ? before->second : std::string();
}

bool sees_mount(const PlanContext& context, const std::string& mount) {
  return sees_mount(context.who, mount, account_of_mount(context, mount));
}

bool sees_present_mount(const PlanContext& context, const std::string& mount) {
  return (is_configured(context, mount) || context.world.now_of(mount).on_air) &&
         sees_mount(context, mount);
}

std::int64_t record_since(const PlanContext& context, std::string_view mount) {
  if (file_section(context.file, mount) != nullptr) return 0;
  const auto* row = context.book.mount(mount);
  return row == nullptr ? 0 : row->value.made * 1000;
}

std::int64_t account_since(const PlanContext& context, std::string_view mount, std::int64_t number,
                           const std::map<std::int64_t, std::string>& kept,
                           const std::map<std::int64_t, std::int64_t>& kept_since) {
  const auto before = kept.find(number);
  const auto since = kept_since.find(number);
  // No account has had the name: what was heard of it came with it from the file.
  if (before == kept.end() && since == kept_since.end()) return 0;
  // An account that deletes its mount and makes it again keeps what was heard of it.
  const bool is_same =
      before != kept.end() && before->second == account_of_mount(context, mount, number, kept);
  return is_same && since != kept_since.end() ? since->second : record_since(context, mount);
}

std::string_view MountTenures::at(std::int64_t number, std::int64_t ms) const {
  const auto former = before.upper_bound({number, ms});
  if (former != before.end() && former->first.first == number) return former->second;
  const auto began = since.find(number);
  const auto present = accounts.find(number);
  return present == accounts.end() || (began != since.end() && ms < began->second)
             ? std::string_view()
             : present->second;
}

bool MountTenures::are_parted(std::int64_t number, std::int64_t ms) const {
  const auto former = before.upper_bound({number, ms});
  if (former != before.end() && former->first.first == number) return true;
  const auto began = since.find(number);
  return began != since.end() && began->second > ms;
}

std::string_view MountWalk::At::account() const noexcept {
  if (store != nullptr) return store->value.account;
  return external != nullptr ? std::string_view(external->account) : std::string_view();
}

MountWalk::MountWalk(const PlanContext& context, const std::string& after)
    : book_(context.book),
      external_(context.file.book.layers.external),
      world_(context.world),
      row_(book_.mounts().upper_bound(after)),
      other_(external_.upper_bound(after)) {
  for (const MountSettings& section : context.file.mounts)
    if (section.name > after && !is_glob(section.name)) file_.push_back(&section);
  std::make_heap(file_.begin(), file_.end(), is_later);
  if (world_.playing_after) playing_ = world_.playing_after(after);
}

MountWalk::At MountWalk::next() {
  At at;
  const auto least = [&at](std::string_view name) {
    if (at.name.empty() || name < at.name) at.name = name;
  };
  if (!file_.empty()) least(file_.front()->name);
  if (row_ != book_.mounts().end()) least(row_->first);
  if (other_ != external_.end()) least(other_->first);
  if (!playing_.empty()) least(playing_);
  if (at.name.empty()) return at;
  while (!file_.empty() && file_.front()->name == at.name) {
    at.file = file_.front();
    std::pop_heap(file_.begin(), file_.end(), is_later);
    file_.pop_back();
  }
  if (row_ != book_.mounts().end() && row_->first == at.name) {
    if (at.file == nullptr) at.store = row_->second.get();
    ++row_;
  }
  if (other_ != external_.end() && other_->first == at.name) {
    if (at.file == nullptr && at.store == nullptr) at.external = other_->second.get();
    ++other_;
  }
  if (playing_ == at.name) playing_ = world_.playing_after(at.name);
  return at;
}

}  // namespace lb
