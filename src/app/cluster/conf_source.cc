#include "app/cluster/conf_source.h"

#include <algorithm>
#include <array>
#include <utility>

#include "api/request/ban.h"
#include "api/request/record_book.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/node_links.h"
#include "app/services/login_service.h"
#include "app/services/network.h"
#include "app/topology/cluster_facts.h"
#include "app/topology/own_origins.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "cluster/link/node_session.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kUntilItReads = 5ms;
constexpr std::string_view kNoStore = "none.0", kClosedClass = "closed";

std::string key_of(std::string_view record_class, std::string_view name) {
  return cat({record_class, '/', percent_encode(name, false)});
}

std::string name_of(std::string_view key) {
  return percent_decode(key.substr(key.find('/') + 1), false).value_or("");
}

// The present and possible homes of the mount, and empty names.
std::array<std::string_view, 5> homes_of(const MountRecord& record) {
  const RecordPlace& place = record.place;
  return {record.home, record.backup, place.node, place.from, place.to};
}

// At other nodes no password opens the mount, not even one of that server's own file.
void close_logins(MountRecord& record) {
  for (RecordLogin& login : record.sources) {
    login.hash = kNoPassword;
    login.password.clear();
  }
}

template <class Rows, class Each>
void for_each_changed_key(const Rows& before, const Rows& now, Each each) {
  auto a = before.begin();
  auto b = now.begin();
  while (a != before.end() || b != now.end()) {
    if (b == now.end() || (a != before.end() && a->first < b->first)) {
      each((a++)->first);
    } else if (a == before.end() || b->first < a->first) {
      each((b++)->first);
    } else {
      if (a->second != b->second) each(b->first);
      ++a, ++b;
    }
  }
}

}  // namespace

bool may_have_logins(const MountRecord& record, std::string_view node) {
  const auto homes = homes_of(record);
  return std::find(homes.begin(), homes.end(), node) != homes.end();
}

std::string epoch_json(const User& user) {
  JsonWriter json;
  json.begin_object();
  json.key("epoch").number(user.epoch);
  json.key("role").text(to_text(user.role));
  json.key("account").text(user.account);
  json.key("mounts").texts(user.mounts);
  json.key("disabled").boolean(user.disabled);
  json.key("addresses").boolean(user.addresses);
  json.end_object();
  return json.take();
}

ConfSource::ConfSource(Network& network, NodeLinks& nodes)
    : network_(network),
      nodes_(nodes),
      pieces_(
          {[this](const std::string& key, const std::string& node) { return value_of(key, node); },
           [this](const std::string& key, std::set<std::string>& apart) {
             add_sent_apart(key, apart);
           }}),
      timer_(network.loops.control(), [this] { work(); }) {}

bool ConfSource::has_anything() const noexcept {
  return (book_ != nullptr && book_->life().life != 0) || has_external_ || has_certificates_;
}

void ConfSource::configure(const Config& config) {
  if (stopped_) return;
  id_ = network_.cluster->facts()->id;
  origins_ = own_origins(config);
  keys_changed();
}

void ConfSource::stop() {
  stopped_ = true;
  timer_.cancel();
  listeners_.clear();
}

void ConfSource::note(const std::string& key) {
  const auto [at, fresh] = change_of_.try_emplace(key);
  if (!fresh) changes_.erase(at->second);
  at->second = ++last_change_;
  changes_.emplace_hint(changes_.end(), last_change_, key);
}

void ConfSource::changed(const std::string& key) {
  note(key);
  perhaps_gone_.insert(key);
  elsewhere_.erase(key);
  pieces_.clear();
}

void ConfSource::note_all() {
  changes_.clear();
  change_of_.clear();
  elsewhere_.clear();
  pieces_.clear();
  to_note_ = all_keys();
  for (auto& [node, listener] : listeners_) listener = {};
}

// After all nodes have got it, a removed item need not be sent again.
void ConfSource::forget_gone() {
  for (const std::string& key : std::exchange(perhaps_gone_, {})) {
    if (exists(key)) continue;
    const auto at = change_of_.find(key);
    if (at == change_of_.end()) continue;
    changes_.erase(at->second);
    change_of_.erase(at);
  }
  elsewhere_.clear();
  pieces_.clear();
}

void ConfSource::set_records(std::shared_ptr<const RecordBook> book) {
  if (stopped_) return;
  const bool had_any = has_anything();
  const auto before = std::exchange(book_, std::move(book));
  pieces_.clear();  // they contain the revision
  if (!has_anything()) return;
  if (before != nullptr && had_any) note_changes(*before, *book_);
  // Another store, or another life of it: all items are sent again.
  if (before == nullptr || !had_any || before->life() != book_->life()) note_all();
  if (!had_any) keys_changed();
  timer_.after(0us);
}

void ConfSource::note_changes(const RecordBook& before, const RecordBook& now) {
  const auto note = [this](const auto& was, const auto& is, std::string_view record_class) {
    for_each_change(was, is, [&](const std::string& name, const auto*, const auto*) {
      changed(key_of(record_class, name));
    });
  };
  note(before.mounts(), now.mounts(), "mounts");
  note(before.stations(), now.stations(), "stations");
  note(before.bans(), now.bans(), "bans");
  note(before.users(), now.users(), "epochs");
  note(before.ended(), now.ended(), "ended");
  std::set<std::string, std::less<>> accounts;
  for_each_change(before.accounts(), now.accounts(),
                  [&](const std::string& id, const auto* was, const auto* is) {
                    const bool before_it = was != nullptr && (*was)->value.suspended;
                    if (before_it != (is != nullptr && (*is)->value.suspended)) accounts.insert(id);
                  });
  if (accounts.empty()) return;
  for (const auto& [name, row] : now.mounts())
    if (accounts.contains(row->value.account)) changed(key_of("mounts", name));
}

void ConfSource::set_external(std::vector<RegistryRecord> records) {
  if (stopped_) return;
  const bool had_any = has_anything();
  std::map<std::string, std::string> next;
  for (RegistryRecord& record : records) next[record.key] = std::move(record.value);
  has_external_ = true;
  ++external_number_;
  pieces_.clear();
  for_each_changed_key(external_, next, [this](const std::string& key) { changed(key); });
  external_ = std::move(next);
  if (!had_any) keys_changed();
  timer_.after(0us);
}

void ConfSource::set_closed(const std::map<std::string, std::string>& closed) {
  closed_.clear();
  for (const auto& [name, json] : closed) closed_[key_of(kClosedClass, name)] = json;
  keys_changed();
}

void ConfSource::set_challenges(std::map<std::string, std::string> items) {
  if (stopped_ || items == challenges_) return;
  challenges_ = std::move(items);
  has_certificates_ = true;
  keys_changed();
}

void ConfSource::set_certificates(std::map<std::string, Certificate> items) {
  if (stopped_ || items == certificates_) return;
  const bool had_any = has_anything();
  has_certificates_ = true;
  const auto before = std::exchange(certificates_, std::move(items));
  for_each_changed_key(before, certificates_, [this](const std::string& key) { changed(key); });
  if (!had_any) keys_changed();
  timer_.after(0us);
}

std::vector<std::string> ConfSource::behind(const std::vector<std::string>& nodes) const {
  std::vector<std::string> all;
  for (const std::string& node : nodes) {
    const NodeSession* const session = nodes_.session_of(node);
    const auto listener = listeners_.find(node);
    if (session == nullptr || listener == listeners_.end()) continue;
    const auto lag = session->conf_lag(network_.clock.steady());
    if (is_due(listener->second) || (lag && lag->count() > 0)) all.push_back(node);
  }
  return all;
}

void ConfSource::keys_changed() {
  if (stopped_ || !has_anything()) return;
  auto ring = network_.login->sessions().keys();
  std::map<std::string, std::string> own;
  if (ring != nullptr)
    for (const OwnKey& key : ring->keys())
      own[session_key_name(id_, key.kid)] = session_key_record(key);
  own.insert(closed_.begin(), closed_.end());
  own.insert(challenges_.begin(), challenges_.end());
  if (!origins_.empty()) own[master_record_name(id_)] = master_record(origins_);
  if (own == own_) return;
  for_each_changed_key(own_, own, [this](const std::string& key) { changed(key); });
  own_ = std::move(own);
  timer_.after(0us);
}

void ConfSource::joined(const std::string& node) {
  const NodeSession* const session = nodes_.session_of(node);
  if (stopped_ || session == nullptr || !session->knows_conf()) return;
  listeners_[node] = {};
  if (has_anything()) timer_.after(0us);
}

void ConfSource::left(const std::string& node) {
  if (nodes_.session_of(node) == nullptr) listeners_.erase(node);
}

std::vector<std::string> ConfSource::all_keys() const {
  std::vector<std::string> keys;
  if (book_ != nullptr) {
    for (const auto& [name, row] : book_->mounts()) keys.push_back(key_of("mounts", name));
    for (const auto& [id, row] : book_->stations()) keys.push_back(key_of("stations", id));
    for (const auto& [id, row] : book_->bans()) keys.push_back(key_of("bans", id));
    for (const auto& [name, row] : book_->users()) keys.push_back(key_of("epochs", name));
    for (const auto& [sid, row] : book_->ended()) keys.push_back(key_of("ended", sid));
  }
  for (const auto& [key, value] : external_) keys.push_back(key);
  for (const auto& [key, value] : own_) keys.push_back(key);
  for (const auto& [key, value] : certificates_) keys.push_back(key);
  return keys;
}

bool ConfSource::exists(const std::string& key) const {
  if (external_.contains(key) || own_.contains(key) || certificates_.contains(key)) return true;
  if (book_ == nullptr) return false;
  const std::string name = name_of(key);
  return (key.starts_with("mounts/") && book_->mount(name) != nullptr) ||
         (key.starts_with("stations/") && book_->station(name) != nullptr) ||
         (key.starts_with("bans/") && book_->ban(name) != nullptr) ||
         (key.starts_with("epochs/") && book_->user(name) != nullptr) ||
         (key.starts_with("ended/") && book_->ended().find(name) != book_->ended().end());
}

void ConfSource::add_sent_apart(const std::string& key, std::set<std::string>& nodes) const {
  if (const auto at = certificates_.find(key); at != certificates_.end())
    return nodes.insert(at->second.nodes.begin(), at->second.nodes.end());
  const MountRecord* record = nullptr;
  std::optional<MountRecord> parsed;
  if (key.starts_with("external/")) {
    const auto at = external_.find(key);
    if (at == external_.end()) return;
    if (auto made = parse_mount_record(at->second)) parsed = std::move(*made);
    if (parsed) record = &*parsed;
  } else if (key.starts_with("mounts/") && book_ != nullptr) {
    if (const auto* row = book_->mount(name_of(key))) record = &row->value;
  }
  if (record != nullptr)
    for (const std::string_view node : homes_of(*record)) nodes.emplace(node);
}

const std::string& ConfSource::elsewhere(const std::string& key, const MountRecord& record) {
  const auto [at, fresh] = elsewhere_.try_emplace(key);
  if (fresh) {
    MountRecord out = record;
    close_logins(out);
    // Only the home pulls the relay; other nodes get the stream over the links.
    if (!key.starts_with("external/")) out.relay = MountRecord().relay;
    at->second = mount_record_xml(out);
  }
  return at->second;
}

std::optional<std::string> ConfSource::value_of(const std::string& key, const std::string& node) {
  const auto in = [&key](const std::map<std::string, std::string>& all) {
    const auto at = all.find(key);
    return at == all.end() ? std::nullopt : std::optional<std::string>(at->second);
  };
  if (const auto at = certificates_.find(key); at != certificates_.end())
    return at->second.nodes.contains(node) ? std::optional(at->second.value) : std::nullopt;
  if (key.starts_with("external/")) {
    auto value = in(external_);
    if (!value) return value;
    auto record = parse_mount_record(*value);
    if (record && may_have_logins(*record, node)) return value;
    if (!record) return std::nullopt;
    return elsewhere(key, *record);
  }
  if (book_ != nullptr) {
    if (key.starts_with("mounts/")) {
      const auto* row = book_->mount(name_of(key));
      if (row == nullptr) return std::nullopt;
      if (!may_have_logins(row->value, node)) {
        const auto made = elsewhere_.find(key);
        if (made != elsewhere_.end()) return made->second;
        return elsewhere(key, book_->effective(row->value));
      }
      MountRecord out = book_->effective(row->value);
      if (out.home != node) out.relay = MountRecord().relay;
      return mount_record_xml(out);
    }
    if (key.starts_with("stations/")) {
      const auto* row = book_->station(name_of(key));
      return row == nullptr ? std::nullopt : std::optional(station_json(row->value));
    }
    if (key.starts_with("bans/")) {
      const auto* row = book_->ban(name_of(key));
      return row == nullptr ? std::nullopt : std::optional(ban_json(row->value));
    }
    if (key.starts_with("epochs/")) {
      const auto* row = book_->user(name_of(key));
      return row == nullptr ? std::nullopt : std::optional(epoch_json(row->value));
    }
    if (key.starts_with("ended/")) {
      const auto row = book_->ended().find(name_of(key));
      return row == book_->ended().end()
                 ? std::nullopt
                 : std::optional(ended_record("", row->second->value.until));
    }
  }
  return in(own_);
}

// Nodes take turns, so that a node that gets everything delays none of the others.
void ConfSource::work() {
  if (stopped_ || !has_anything()) return;
  if (!to_note_.empty()) {
    for (std::size_t noted = 0; noted < kNotedATurn && !to_note_.empty(); ++noted) {
      // Items that changed meanwhile have been noted already.
      if (!change_of_.contains(to_note_.back())) note(to_note_.back());
      to_note_.pop_back();
    }
    return timer_.after(0us);
  }
  std::vector<std::pair<const std::string, Listener>*> due;
  for (auto& row : listeners_)
    if (is_due(row.second)) due.push_back(&row);
  if (due.empty()) return forget_gone();
  const SteadyTime until = network_.clock.steady() + kTurn;
  const auto first =
      std::find_if(due.begin(), due.end(), [this](const auto* row) { return row->first >= next_; });
  std::rotate(due.begin(), first, due.end());
  const std::size_t share = std::max<std::size_t>(1, kFramesATurn / due.size());
  std::size_t left = kFramesATurn, sent = 0;
  bool waits = false;
  for (auto* row : due) {
    if (left == 0 || (sent > 0 && network_.clock.steady() >= until)) {
      next_ = row->first;
      break;
    }
    NodeSession* const session = nodes_.session_of(row->first);
    if (session == nullptr || session->link().queued() > kMaxQueued) {
      waits = true;
      continue;
    }
    const std::size_t frames = tell(*session, row->second, std::min(share, left), until);
    left -= std::min(left, frames);
    sent += frames;
  }
  const bool more =
      std::any_of(due.begin(), due.end(), [this](const auto* row) { return is_due(row->second); });
  if (!more)
    timer_.after(0us);  // forget_gone()
  else
    timer_.after(waits && sent == 0 ? std::chrono::microseconds(kUntilItReads) : 0us);
}

std::size_t ConfSource::tell(NodeSession& node, Listener& listener, std::size_t most,
                             SteadyTime until) {
  ConfFrame head;
  head.store = book_ == nullptr ? std::string(kNoStore) : store_name(book_->life());
  if (head.store.empty()) head.store = kNoStore;
  head.revision = book_ == nullptr ? external_number_ : book_->revision();
  std::size_t frames = 0;
  while (frames < most && is_due(listener)) {
    head.all = std::exchange(listener.all, false);
    const auto piece = pieces_.next(changes_, listener.told, head, node.id());
    node.send_conf(*piece);
    frames += piece->frames;
    listener.told = piece->more ? piece->to : last_change_;
    if (network_.clock.steady() >= until) break;
  }
  return frames;
}

}  // namespace lb
