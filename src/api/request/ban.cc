#include "api/request/ban.h"

#include <algorithm>
#include <array>

#include "api/request/fields.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::array<std::string_view, 4> kBanWords{"address", "network", "user", "country"};

}  // namespace

std::string_view ban_word(BanKind kind) noexcept {
  return kBanWords[static_cast<std::size_t>(kind)];
}

std::optional<BanKind> ban_kind(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kBanWords.size(); ++i)
    if (kBanWords[i] == word) return static_cast<BanKind>(i);
  return std::nullopt;
}

std::string ban_fault(BanKind kind, const std::string& value) {
  switch (kind) {
    case BanKind::kAddress:
      return Address::parse(value, 0) ? "" : "this is no address";
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
      return value.size() == 2 && std::all_of(value.begin(), value.end(),
                                              [](char c) { return c >= 'A' && c <= 'Z'; })
                 ? ""
                 : "two capital letters are needed, such as DE";
  }
  return {};
}

bool shuts_out_everybody(Ban ban) {
  ban.until = 0;
  const BanList list({ban});
  const auto has = [&list](std::string_view ip) {
    return list.shuts_out(*Address::parse(ip, 0), 0);
  };
  // A network that has the ends of a family has all of it.
  return (has("0.0.0.0") && has("255.255.255.255")) ||
         (has("::") && has("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

Result<Ban> parse_ban(std::string_view id, std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  Ban ban;
  ban.id = id;
  std::vector<ProblemFault> faults;
  BodyFields fields(*parsed, faults);
  const auto kind = ban_kind(fields.text("kind", 20).value_or(""));
  ban.value = fields.text("value", 255).value_or("");
  ban.mounts = fields.texts("mounts", 64, 255).value_or(std::vector<std::string>());
  ban.until = static_cast<std::int64_t>(fields.number("until", 0, 1'000'000'000'000).value_or(0));
  ban.reason = fields.text("reason", 500).value_or("");
  ban.by = fields.text("by", 255).value_or("");
  ban.kick = fields.boolean("kick").value_or(true);
  if (!faults.empty())
    return Error::invalid(
        cat({"ban ", ban.id, ": ", faults.front().pointer, ": ", faults.front().detail}));
  if (!kind) return Error::invalid(cat({"ban ", ban.id, ": its kind is none of the four"}));
  ban.kind = *kind;
  if (auto fault = ban_fault(ban.kind, ban.value); !fault.empty())
    return Error::invalid(cat({"ban ", ban.id, ": \"", ban.value, "\": ", fault}));
  if (shuts_out_everybody(ban))
    return Error::invalid(cat({"ban ", ban.id, ": \"", ban.value, "\": ", kEverybodyOut}));
  return ban;
}

std::string ban_json(const Ban& ban) {
  JsonWriter json;
  json.begin_object();
  json.key("kind").text(ban_word(ban.kind));
  json.key("value").text(ban.value);
  if (!ban.mounts.empty()) {
    json.key("mounts").begin_array();
    for (const std::string& mount : ban.mounts) json.text(mount);
    json.end_array();
  }
  if (ban.until != 0) json.key("until").number(ban.until);
  if (!ban.reason.empty()) json.key("reason").text(ban.reason);
  json.key("by").text(ban.by);
  json.key("kick").boolean(ban.kick);
  json.end_object();
  return json.take();
}

}  // namespace lb
