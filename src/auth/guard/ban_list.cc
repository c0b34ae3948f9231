#include "auth/guard/ban_list.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace lb {

BanList::BanList(std::vector<Ban> bans) {
  for (Ban& ban : bans) {
    Row row;
    if (ban.kind == BanKind::kAddress || ban.kind == BanKind::kNetwork) {
      std::vector<std::string> complaints;
      row.addresses = IpList::parse(ban.value, complaints);
      has_addresses_ |= ban.mounts.empty();
    }
    has_countries_ |= ban.kind == BanKind::kCountry;
    row.ban = std::move(ban);
    rows_.push_back(std::move(row));
  }
}

bool BanList::shuts_out(const Address& address, std::int64_t now) const {
  return has_addresses_ && std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) {
           return row.ban.mounts.empty() && (row.ban.until == 0 || now < row.ban.until) &&
                  row.addresses.contains(address);
         });
}

bool BanList::matches(const Row& row, const BanSubject& subject, std::int64_t now) {
  const Ban& ban = row.ban;
  if (ban.until != 0 && now >= ban.until) return false;
  const std::string mount(subject.mount);
  if (!ban.mounts.empty() &&
      std::none_of(ban.mounts.begin(), ban.mounts.end(), [&](const std::string& pattern) {
        return pattern == mount || glob_match(pattern, mount);
      }))
    return false;
  switch (ban.kind) {
    case BanKind::kAddress:
    case BanKind::kNetwork:
      return row.addresses.contains(subject.address);
    case BanKind::kUser:
      return ban.value == subject.user;
    case BanKind::kCountry:
      return ban.value == subject.country;
  }
  return false;
}

const Ban* BanList::find(const BanSubject& subject, std::int64_t now) const {
  for (const Row& row : rows_)
    if (matches(row, subject, now)) return &row.ban;
  return nullptr;
}

}  // namespace lb
