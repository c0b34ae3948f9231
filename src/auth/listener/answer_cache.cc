#include "auth/listener/answer_cache.h"

#include <algorithm>

#include "base/strings.h"

namespace lb {
namespace {

constexpr std::string_view kCacheControl = "cache-control:";
constexpr std::string_view kMaxAge = "max-age=";

// RFC 9111 5.2 asks recipients to accept 60 and "60".
std::chrono::seconds seconds_in(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) return std::chrono::seconds(0);
  const auto number = parse_u64(text);
  const auto most = static_cast<std::uint64_t>(AnswerCache::kLongest.count());
  return std::chrono::seconds(std::min(number.value_or(most), most));  // too many digits: `most`
}

}  // namespace

std::string AnswerCache::digest_of(const std::vector<std::string_view>& fields) const {
  std::string text;
  for (const std::string_view field : fields)
    text.append(std::to_string(field.size())).append(":").append(field);
  return key_.sign(text);
}

const AuthVerdict* AnswerCache::find(const std::string& digest, SteadyTime now) {
  const auto at = entries_.find(digest);
  if (at == entries_.end()) return nullptr;
  if (now < at->second.until) return &at->second.verdict;
  erase(at);
  return nullptr;
}

void AnswerCache::keep(const std::string& digest, std::uint64_t asked_at,
                       const AuthVerdict& verdict, std::chrono::seconds time, SteadyTime now) {
  if (asked_at != forgotten_ || time.count() <= 0) return;
  // A time limit counts from the login, so the answer is for that login alone.
  if (verdict.kind != AuthVerdict::Kind::kAllow || verdict.time_limit) return;
  if (verdict.mount.size() + verdict.user.size() > kMaxText) return;
  if (const auto at = entries_.find(digest); at != entries_.end()) erase(at);
  while (!ends_.empty() && (entries_.size() >= max_entries_ || ends_.begin()->first <= now))
    erase(entries_.find(ends_.begin()->second));
  Entry entry{verdict, now + std::min(time, kLongest)};
  entry.verdict.removal.reset();
  ends_.emplace(entry.until, digest);
  entries_.emplace(digest, std::move(entry));
}

void AnswerCache::forget() {
  ++forgotten_;
  entries_.clear();
  ends_.clear();
}

void AnswerCache::erase(Entries::iterator at) {
  ends_.erase({at->second.until, at->first});
  entries_.erase(at);
}

std::chrono::seconds kept_for(const FetchAnswer& answer) {
  std::chrono::seconds time{0};
  if (answer.status < 200 || answer.status > 299) return time;
  for (const std::string& line : answer.headers) {
    if (!istarts_with(line, kCacheControl)) continue;
    for (const std::string_view part :
         split(std::string_view(line).substr(kCacheControl.size()), ',')) {
      const std::string_view word = trim(part);
      if (istarts_with(word, "no-store") || istarts_with(word, "no-cache"))
        return std::chrono::seconds(0);
      if (istarts_with(word, kMaxAge)) time = seconds_in(word.substr(kMaxAge.size()));
    }
  }
  return time;
}

}  // namespace lb
