#include "store/node_copies.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "config/mounts/mount_record.h"

namespace lb {
namespace {

constexpr std::size_t kNamed = 50;  // names in one sentence

struct Part {
  const NodeCopy* copy;
  ConfBook::MasterCopy said;

  auto age() const noexcept { return std::make_tuple(said.life, said.revision); }
  std::string store() const { return cat({said.store, ".", said.life}); }
};

// Prints names as "a, b, c and 12 more".
class Names {
 public:
  void add(std::string name) {
    if (++count_ > kNamed) return;
    text_ += (text_.empty() ? "" : ", ") + std::move(name);
  }
  bool empty() const noexcept { return count_ == 0; }
  std::size_t count() const noexcept { return count_; }
  std::string text() const {
    return count_ <= kNamed ? text_ : cat({text_, " and ", count_ - kNamed, " more"});
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

std::string about(const MountRecord& record) {
  return cat({record.mount, " (home ", record.home.empty() ? "unknown" : record.home, ")"});
}

// The copies of the store in question, the newest first.
Result<std::vector<Part>> parts_of(const std::vector<NodeCopy>& copies, std::string_view master) {
  std::vector<Part> parts;
  for (const NodeCopy& copy : copies)
    for (ConfBook::MasterCopy& said : copy.book.master_copies())
      if (said.life != 0) parts.push_back({&copy, std::move(said)});  // 0: a master without a store
  std::set<std::string> stores;
  const bool heard = std::any_of(parts.begin(), parts.end(), [&master](const Part& part) {
    return part.said.master == master;
  });
  for (const Part& part : parts)
    if (!heard || part.said.master == master) stores.insert(part.said.store);
  if (stores.empty()) return Error::not_found("the copies have no records of a store");
  if (stores.size() > 1) {
    std::string what = cat({"the copies are of ", stores.size(), " stores: "});
    for (const Part& part : parts)
      if (stores.contains(part.said.store))
        what +=
            cat({part.copy->path, " has ", part.store(), " of master ", part.said.master, ", "});
    return Error::invalid(what + "and only those of one can be joined");
  }
  std::erase_if(parts, [&stores](const Part& part) { return !stores.contains(part.said.store); });
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.age() > b.age(); });
  return parts;
}

class Joining {
 public:
  explicit Joining(std::vector<Part> parts) : parts_(std::move(parts)) {}

  JoinedCopies join() {
    const Part& newest = parts_.front();
    JoinedCopies out;
    out.store = newest.store();
    out.content.revision = newest.said.revision;
    for (const auto& [key, value] : newest.said.items) {
      if (key.starts_with("mounts/"))
        mount(key, *value, out.content);
      else if (key.starts_with("bans/") || key.starts_with("stations/"))
        out.content.records.push_back({key, *value, newest.said.revision});
      else if (key.starts_with("epochs/"))
        user(key, *value);
    }
    out.remarks = remarks();
    return out;
  }

 private:
  void mount(const std::string& key, const std::string& value, RegistryContent& content) {
    auto record = parse_mount_record(value);
    if (!record) {
      unreadable_.add(cat({key, " (", record.error().what, ")"}));
      return;
    }
    bool closed = false, older = false;
    for (RecordLogin& login : record->sources) {
      if (login.hash != kNoPassword) continue;
      const Part* from = nullptr;
      if (auto hash = hash_of(key, *record, login.user, from)) {
        login.hash = *std::move(hash);
        older = older || from->age() != parts_.front().age();
      } else {
        closed = true;
      }
    }
    if (!record->has_relay())
      if (const Part* from = relay_from(key, *record))
        older = older || from->age() != parts_.front().age();
    if (closed) closed_.add(about(*record));
    if (older) older_.add(about(*record));
    if (record->state == RecordState::kSuspended) suspended_.add(record->mount);
    if (!record->account.empty()) accounts_.insert(record->account);
    content.records.push_back({key, mount_record_xml(*record), content.revision});
  }

  // The record of this mount in a copy, if the same account had it since the same time: the secrets
  // of an earlier owner open nothing.
  static std::optional<MountRecord> same_in(const Part& part, const std::string& key,
                                            const MountRecord& newest) {
    const auto at = part.said.items.find(key);
    if (at == part.said.items.end()) return std::nullopt;
    auto record = parse_mount_record(*at->second);
    if (!record || record->account != newest.account || record->made != newest.made)
      return std::nullopt;
    return *std::move(record);
  }

  // Finds the hash of a login that the newest copy has without it.
  std::optional<std::string> hash_of(const std::string& key, const MountRecord& newest,
                                     const std::string& user, const Part*& from) {
    for (const Part& part : parts_) {
      const auto record = same_in(part, key, newest);
      if (!record) continue;
      for (const RecordLogin& login : record->sources) {
        if (login.user != user || login.hash == kNoPassword || login.hash.empty()) continue;
        from = &part;
        return login.hash;
      }
    }
    return std::nullopt;
  }

  // Only the copy of the mount's home has its relay.
  const Part* relay_from(const std::string& key, MountRecord& newest) const {
    for (const Part& part : parts_) {
      const auto record = same_in(part, key, newest);
      if (!record || !record->has_relay()) continue;
      newest.relay = record->relay;
      return &part;
    }
    return nullptr;
  }

  void user(const std::string& key, const std::string& value) {
    std::string name = percent_decode(key.substr(key.find('/') + 1), false).value_or(key);
    const auto json = Json::parse(value);
    if (json) {
      const std::string account(json->at("account").text().value_or(""));
      name += cat({" (", json->at("role").text().value_or("unknown"),
                   account.empty() ? "" : " of " + account, ")"});
      if (!account.empty()) accounts_.insert(account);
    }
    users_.add(std::move(name));
  }

  std::vector<std::string> remarks() const {
    std::vector<std::string> out;
    if (!closed_.empty())
      out.push_back(
          cat({closed_.count(),
               " mounts have no password, because no copy of their homes is among these; a "
               "source is let in once one is set (POST /api/v1/mounts/NAME/password): ",
               closed_.text()}));
    if (!older_.empty())
      out.push_back(
          cat({older_.count(),
               " mounts have passwords or a relay of a copy that is older than revision ",
               parts_.front().said.revision,
               ", and one that was changed since is the old one again: ", older_.text()}));
    if (!suspended_.empty())
      out.push_back(cat({suspended_.count(),
                         " mounts are suspended, by themselves or with their account, which nodes "
                         "cannot tell apart: ",
                         suspended_.text()}));
    if (!unreadable_.empty())
      out.push_back(cat({unreadable_.count(),
                         " records cannot be read and are left "
                         "out: ",
                         unreadable_.text()}));
    Names accounts;
    for (const std::string& id : accounts_) accounts.add(id);
    if (!accounts.empty())
      out.push_back(cat({accounts.count(),
                         " accounts are named by records, and have to be made again under the same "
                         "ids: ",
                         accounts.text()}));
    if (!users_.empty())
      out.push_back(cat(
          {users_.count(),
           " users have to be made again, nodes have no passwords of theirs: ", users_.text()}));
    out.emplace_back(
        "API tokens, weights of nodes, quotas of accounts and the answers to repeated requests are "
        "not among what nodes are told");
    return out;
  }

  std::vector<Part> parts_;
  Names closed_, older_, suspended_, unreadable_, users_;
  std::set<std::string> accounts_;
};

}  // namespace

Result<JoinedCopies> join_node_copies(const std::vector<NodeCopy>& copies,
                                      std::string_view master) {
  auto parts = parts_of(copies, master);
  if (!parts) return parts.error();
  return Joining(*std::move(parts)).join();
}

}  // namespace lb
