#include "api/request/usage_share.h"

#include "base/cat.h"
#include "base/json.h"

namespace lb {
namespace {

constexpr std::size_t kMonthLetters = 7;
constexpr std::uint64_t kMostOfAShare = std::uint64_t{1} << 60;  // sums of them fit into 64 bits

}  // namespace

Result<UsageShare> parse_usage_share(std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  UsageShare share;
  share.month = parsed->at("month").text().value_or("");
  if (share.month.size() != kMonthLetters)
    return Error::invalid("month is not a month such as 2026-11");
  const Json used = parsed->at("used");
  for (std::size_t i = 0; i < used.size(); ++i) {
    const auto ms = used.at(i).at("ms").u64(), bytes = used.at(i).at("bytes").u64();
    if (!ms || !bytes || *ms > kMostOfAShare || *bytes > kMostOfAShare)
      return Error::invalid(cat({"used/", used.name(i), " is not ms and bytes"}));
    share.used[std::string(used.name(i))] = {*ms, *bytes};
  }
  const Json told = parsed->at("told");
  for (std::size_t i = 0; i < told.size(); ++i)
    for (const char* const what : {"hours", "transfer"}) {
      const Json of = told.at(i).at(what);
      if (of.missing()) continue;
      const auto percent = of.at("percent").u64(), limit = of.at("limit").u64();
      if (!percent || !limit)
        return Error::invalid(cat({"told/", told.name(i), " is not percent and limit"}));
      share.told[{std::string(told.name(i)), what}] = {*percent, *limit};
    }
  return share;
}

std::string usage_share_json(const UsageShare& share) {
  JsonWriter json;
  json.begin_object().key("month").text(share.month).key("used").begin_object();
  for (const auto& [account, used] : share.used) {
    json.key(account).begin_object().key("ms").number(used.ms);
    json.key("bytes").number(used.bytes).end_object();
  }
  json.end_object();
  if (!share.told.empty()) {
    json.key("told").begin_object();
    for (auto at = share.told.begin(); at != share.told.end();) {
      const std::string& account = at->first.first;
      json.key(account).begin_object();
      for (; at != share.told.end() && at->first.first == account; ++at)
        json.key(at->first.second)
            .begin_object()
            .key("percent")
            .number(at->second.percent)
            .key("limit")
            .number(at->second.limit)
            .end_object();
      json.end_object();
    }
    json.end_object();
  }
  json.end_object();
  return json.take();
}

}  // namespace lb
