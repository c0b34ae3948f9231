// RecordBook: all records of the store, parsed, as one immutable value.  A change makes a new book
// that shares unchanged parts with the last one, so its cost depends on the change.
//
// It also has sums over all mounts.  Users of records compare two books with for_each_change().
// An invalid record keeps the last good row of its key; without one it is left out.  Both are
// reported, with the store's revision, so that the record can be overwritten.
// Thread: an immutable value; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/request/account.h"
#include "api/request/ban.h"
#include "api/request/station.h"
#include "api/request/usage_share.h"
#include "auth/login/session_book.h"
#include "auth/login/user_book.h"
#include "base/persistent_map.h"
#include "base/result.h"
#include "config/mounts/mount_record.h"
#include "config/settings/mount_book.h"
#include "registry/registry.h"

namespace lb {

// StoreLife: the name of a store, and how often its revisions went back: record store/life.
//
// A store restored from a backup has lower revisions than servers have seen.  The first master that
// notices this gives the store its next life, because the highest revision is then not the newest
// (doc/stores.md).
inline constexpr std::string_view kStoreLifeKey = "store/life";

struct StoreLife {
  std::string id;          // 32 hexadecimal digits, made with the store
  std::uint64_t life = 0;  // 0: no record

  bool operator==(const StoreLife&) const = default;
};

// {"id":"4f1c…","life":2}
Result<StoreLife> parse_store_life(std::string_view json);
std::string store_life_json(const StoreLife& life);
// "4f1c….2"; "" without a record.
std::string store_name(const StoreLife& life);

template <class T>
struct BookRow {
  T value;
  std::uint64_t revision = 0;
};

// The part of an account's quota that its mounts use.
struct QuotaUse {
  std::uint64_t mounts = 0, listeners = 0, bitrate = 0, storage = 0;
  std::uint64_t hours = 0, transfer = 0;  // of a month
  // Adds the part, or subtracts it.
  void count(const QuotaUse& part, bool in) noexcept {
    for (const auto sum : {&QuotaUse::mounts, &QuotaUse::listeners, &QuotaUse::bitrate,
                           &QuotaUse::storage, &QuotaUse::hours, &QuotaUse::transfer})
      this->*sum += in ? part.*sum : -(part.*sum);
  }
  bool operator==(const QuotaUse&) const = default;
};
QuotaUse quota_use(const MountRecord& record) noexcept;
std::string fallback_of(const MountRecord& record);  // "": none

class RecordBook {
 public:
  template <class T>
  using Rows = PersistentMap<std::shared_ptr<const BookRow<T>>>;

  // complaints: a sentence for each invalid record.
  static std::shared_ptr<const RecordBook> make(const RegistryContent& content,
                                                std::vector<std::string>& complaints);
  std::shared_ptr<const RecordBook> after(const RegistryChange& change,
                                          std::vector<std::string>& complaints) const;

  const Rows<Account>& accounts() const noexcept { return accounts_; }
  const Rows<User>& users() const noexcept { return users_; }
  const Rows<ApiToken>& tokens() const noexcept { return tokens_; }
  const Rows<MountRecord>& mounts() const noexcept { return mounts_; }
  const Rows<StationRecord>& stations() const noexcept { return stations_; }
  const Rows<Ban>& bans() const noexcept { return bans_; }
  const Rows<unsigned>& weights() const noexcept { return weights_; }  // of nodes
  const Rows<EndedLogin>& ended() const noexcept { return ended_; }    // by their sid
  const Rows<UsageShare>& usages() const noexcept { return usages_; }  // by MASTER/PART
  // Null: none.
  const BookRow<Account>* account(std::string_view id) const { return find(accounts_, id); }
  const BookRow<User>* user(std::string_view name) const { return find(users_, name); }
  const BookRow<ApiToken>* token(std::string_view id) const { return find(tokens_, id); }
  const BookRow<MountRecord>* mount(std::string_view name) const { return find(mounts_, name); }
  const BookRow<StationRecord>* station(std::string_view id) const { return find(stations_, id); }
  const BookRow<Ban>* ban(std::string_view id) const { return find(bans_, id); }
  // Of any key of the store, also of an invalid record; 0: absent.
  std::uint64_t revision_of(std::string_view key) const;
  // keys/MASTER/KID and masters/ID, unparsed.
  using Texts = PersistentMap<std::shared_ptr<const std::string>>;
  const Texts& masters() const noexcept { return masters_; }
  // acme/lease, acme/certificates/NAME and acme/challenges/TOKEN, unparsed.
  const Texts& acme() const noexcept { return acme_; }
  // The value of made/SHA256; null: none.
  const std::string* made(std::string_view key) const;
  std::uint64_t revision() const noexcept { return revision_; }
  const StoreLife& life() const noexcept { return life_; }

  QuotaUse quota_use(std::string_view account) const;
  // The kbit/s reserved by mounts whose home or backup is this node.
  std::uint64_t reserved_kbps(std::string_view node) const;
  // The mounts with a record that have this one as their fallback, as their sound while suspended,
  // or as a quality of their HLS.
  std::vector<std::string> leading_to(std::string_view mount) const;

  std::vector<Ban> all_bans() const;
  std::map<std::string, unsigned, std::less<>> all_weights() const;
  std::shared_ptr<const UserBook> user_book() const;
  // The mounts to lay over the configuration: a mount of a suspended account is suspended.
  const MountRecords& effective_mounts() const noexcept { return effective_; }
  MountRecord effective(const MountRecord& record) const;
  const StationRecords& station_records() const noexcept { return station_records_; }

 private:
  bool is_suspended(std::string_view account) const;
  bool is_suspended_by_account(const MountRecord& record) const;
  template <class T>
  static const BookRow<T>* find(const Rows<T>& rows, std::string_view name) {
    const auto at = rows.find(name);
    return at == rows.end() ? nullptr : at->second.get();
  }
  void set(const RegistryRecord& record, std::vector<std::string>& complaints);
  void set_life(const RegistryRecord& record, std::vector<std::string>& complaints);
  void remove(const std::string& key);
  void put_mount(const std::string& name, Result<MountRecord> parsed, const RegistryRecord& record,
                 std::vector<std::string>& complaints);
  void put_account(const std::string& id, Result<Account> parsed, const RegistryRecord& record,
                   std::vector<std::string>& complaints);
  void put_station(const std::string& id, Result<StationRecord> parsed,
                   const RegistryRecord& record, std::vector<std::string>& complaints);
  void set_effective(const std::string& name);
  void set_effective_of(std::string_view account);
  // Adds to the sums, or subtracts.
  void count(const MountRecord& record, bool in);

  Rows<Account> accounts_;
  Rows<User> users_;
  Rows<ApiToken> tokens_;
  Rows<MountRecord> mounts_;
  MountRecords effective_;
  Rows<StationRecord> stations_;
  StationRecords station_records_;  // the same
  Rows<Ban> bans_;
  Rows<unsigned> weights_;
  Rows<EndedLogin> ended_;
  Rows<UsageShare> usages_;
  Texts masters_, made_, acme_;
  PersistentMap<std::uint64_t> revisions_;
  PersistentMap<QuotaUse> used_;           // by account
  PersistentMap<std::uint64_t> reserved_;  // kbit/s by node
  PersistentMap<bool> leads_;  // by the mount led to, NUL and the mount that leads there
  StoreLife life_;
  std::uint64_t revision_ = 0;
};

}  // namespace lb
