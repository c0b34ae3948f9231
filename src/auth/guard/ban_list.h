// BanList: the bans of the store, as one immutable value.
//
// A ban of an address or a network on all mounts closes connections at accept, like <deny-ip>;
// others are judged once mount and user are known.
// Thread: an immutable value; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/guard/ip_filter.h"
#include "net/address/address.h"

namespace lb {

enum class BanKind : std::uint8_t { kAddress, kNetwork, kUser, kCountry };

struct Ban {
  std::string id;
  BanKind kind = BanKind::kAddress;
  std::string value;                // as written; a country in capitals
  std::vector<std::string> mounts;  // patterns (fnmatch); empty: all
  std::int64_t until = 0;           // seconds since 1970; 0: for ever
  std::string reason;
  std::string by;    // the login that made it
  bool kick = true;  // present listeners were ended too

  bool operator==(const Ban&) const = default;
};

// The known facts about a client; "": not known.
struct BanSubject {
  Address address;
  std::string_view user, country, mount;
};

class BanList {
 public:
  BanList() = default;
  explicit BanList(std::vector<Ban> bans);

  // Whether a ban closes the whole server to this address.
  bool shuts_out(const Address& address, std::int64_t now) const;
  // The first ban that matches; null: none.
  const Ban* find(const BanSubject& subject, std::int64_t now) const;
  bool empty() const noexcept { return rows_.empty(); }
  std::size_t size() const noexcept { return rows_.size(); }
  bool has_countries() const noexcept { return has_countries_; }

 private:
  struct Row {
    Ban ban;
    IpList addresses;  // of kAddress and kNetwork
  };
  static bool matches(const Row& row, const BanSubject& subject, std::int64_t now);

  std::vector<Row> rows_;
  bool has_addresses_ = false, has_countries_ = false;
};

}  // namespace lb
