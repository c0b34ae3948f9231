#include "app/request/past_ask.h"

#include <algorithm>
#include <utility>

#include "archive/files/catalog.h"
#include "archive/files/time_text.h"
#include "base/cat.h"
#include "hls/path.h"
#include "http/message.h"

namespace lb {
namespace {

Result<std::int64_t> time_param(std::string_view name, const std::string& value,
                                std::int64_t now_ms) {
  const auto time = parse_time(value, now_ms);
  if (!time)
    return Error::invalid(
        cat({name, " is not a time: Unix seconds, RFC 3339, or -600 for ten minutes ago"}));
  return *time;
}

Result<std::int64_t> duration_param(std::string_view name, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration) return Error::invalid(cat({name, " is not a duration: seconds, or 10m, 2h, 1d"}));
  return *duration;
}

}  // namespace

Result<std::optional<PastAsk>> past_of_query(std::string_view query, std::int64_t now_ms) {
  const auto shift = query_param(query, "timeshift");
  const auto from = query_param(query, "from");
  const auto at = query_param(query, "at");
  const bool asks_at = has_query_param(query, "at");
  const auto to = query_param(query, "to");
  const auto duration = query_param(query, "duration");
  const int begins = (shift ? 1 : 0) + (from ? 1 : 0) + (asks_at ? 1 : 0);
  if (begins == 0 && !to && !duration) return std::optional<PastAsk>();
  // A misspelt `from` would play the live stream, which does not end.
  if (begins == 0) return Error::invalid("to and duration need from");
  if (begins > 1) return Error::invalid("only one of from, at and timeshift is possible");
  PastAsk ask;
  if (asks_at) {
    if (at) ask.at = parse_address(*at);
    if (!ask.at)
      return Error::invalid("at is not a position of a stream, such as X-LB-Stream gives");
    ask.exact = query_param(query, "exact") == "1";
    return std::optional(std::move(ask));
  }
  if (shift) {
    const auto back = duration_param("timeshift", *shift);
    if (!back) return back.error();
    if (*back == 0) return std::optional<PastAsk>();
    ask.from_ms = now_ms - *back;
    if (ask.from_ms < 0) ask.from_ms = 0;
    return std::optional(std::move(ask));
  }
  const auto begin = time_param("from", *from, now_ms);
  if (!begin) return begin.error();
  // The clock of the node that gave this time may be ahead of this one's.
  if (*begin > now_ms + kAheadMs) return Error::invalid("from is in the future");
  ask.from_ms = std::min(*begin, now_ms);
  if (!to && !duration) return std::optional(std::move(ask));
  ask.kind = PastAsk::Kind::kFile;
  const auto end = to ? time_param("to", *to, now_ms) : duration_param("duration", *duration);
  if (!end) return end.error();
  ask.to_ms = to ? *end : ask.from_ms + *end;
  if (ask.to_ms > now_ms + kAheadMs) return Error::invalid("the range ends in the future");
  if (ask.to_ms <= ask.from_ms) return Error::invalid("the range does not end after its start");
  ask.attachment = query_param(query, "download") == "1";
  const auto moves = [now_ms](const std::string& text) {
    return parse_time(text, now_ms) != parse_time(text, now_ms + 1);
  };
  ask.relative = moves(*from) || (to && moves(*to));
  return std::optional(std::move(ask));
}

std::optional<PastPath> past_of_path(std::string_view path) {
  const auto named = parse_recorded_path(path);
  if (!named) return std::nullopt;
  PastPath out;
  out.mount = named->mount;
  out.ask.kind = PastAsk::Kind::kFile;
  out.ask.from_ms = static_cast<std::int64_t>(named->from) * 1000;
  out.ask.to_ms = out.ask.from_ms + static_cast<std::int64_t>(named->seconds) * 1000;
  out.ask.attachment = true;
  return out;
}

}  // namespace lb
