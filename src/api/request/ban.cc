#include "api/request/ban.h"

#include "api/request/ban_fields.h"
#include "base/cat.h"
#include "net/address/country_file.h"

namespace lb {

std::string_view ban_word(BanKind kind) noexcept {
  return kBanWords[static_cast<std::size_t>(kind)];
}

std::string ban_fault(BanKind kind, const std::string& value) {
  switch (kind) {
    case BanKind::kAddress:
      return Address::parse(value, 0) ? "" : "this is not an address";
    case BanKind::kNetwork: {
      std::vector<std::string> complaints;
      const bool plain = value.find_first_of(" \t\r\n#*?") == std::string::npos;
      return plain && value.find('/') != std::string::npos &&
                     IpList::parse(value, complaints).size() == 1 && complaints.empty()
                 ? ""
                 : "a network is needed, such as 192.0.2.0/24 or 2001:db8::/48";
    }
    case BanKind::kUser:
      return value.empty() ? "a name is needed" : "";
    case BanKind::kCountry:
      return is_country(value) ? "" : "two capital letters are needed, such as DE";
  }
  return {};
}

bool shuts_out_everybody(Ban ban) {
  ban.until = 0;
  const BanList list({ban});
  const auto has = [&list](std::string_view ip) {
    return list.shuts_out(*Address::parse(ip, 0), 0);
  };
  // A network with the first and the last address of a family contains the whole family.
  return (has("0.0.0.0") && has("255.255.255.255")) ||
         (has("::") && has("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

void BanMatch::read(const ObjectValue& value, Ban& ban) {
  std::vector<JsonFault>& faults = value.in.faults();
  ObjectReader match(value.json, value.in.form(), faults, value.in.pointer(value.name));
  std::size_t words = 0;
  for (std::size_t i = 0; i < kBanWords.size(); ++i) {
    const Json given = match.take(kBanWords[i]);
    if (given.missing()) continue;
    const auto text = ObjectValue{match, kBanWords[i], given}.text(255);
    if (!text) continue;
    ++words;
    ban.kind = static_cast<BanKind>(i);
    ban.value = *text;
    if (const auto fault = ban_fault(ban.kind, ban.value); !fault.empty())
      match.wrong(kBanWords[i], fault);
  }
  match.finish();
  if (words != 1 && faults.empty()) value.wrong(kNoBanKind);
}

Result<Ban> parse_ban(std::string_view id, std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  Ban ban;
  ban.id = id;
  if (auto fault = record_fault<kBanFields>("ban", id, *parsed, ban)) return *std::move(fault);
  if (auto fault = ban_fault(ban.kind, ban.value); !fault.empty())
    return Error::invalid(cat({"ban ", ban.id, ": \"", ban.value, "\": ", fault}));
  if (shuts_out_everybody(ban))
    return Error::invalid(cat({"ban ", ban.id, ": \"", ban.value, "\": ", kEverybodyOut}));
  return ban;
}

std::string ban_json(const Ban& ban) { return object_json<kBanFields>(Form::kRecord, ban); }

}  // namespace lb
