#include "auth/listener/spool_text.h"

#include <algorithm>
#include <map>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

// An empty field is "-", so that there are always as many fields; a field "-" is "%2d".
std::string text_field(std::string_view text) {
  if (text.empty()) return " -";
  return text == "-" ? " %2d" : " " + percent_encode(text, true);
}

std::string number_field(std::uint64_t number) { return cat({" ", number}); }

bool take_text(std::string_view field, std::string& into) {
  if (field == "-") return true;
  auto text = percent_decode(field, false);
  if (!text) return false;
  into = std::move(*text);
  return true;
}

// All fields must be numbers.
template <std::size_t N>
bool take_numbers(const std::vector<std::string_view>& fields, std::uint64_t (&into)[N]) {
  if (fields.size() != N + 1) return false;
  for (std::size_t i = 0; i < N; ++i) {
    const auto number = parse_u64(fields[i + 1]);
    if (!number) return false;
    into[i] = *number;
  }
  return true;
}

bool take_added(const std::vector<std::string_view>& fields, SpoolEntry& entry) {
  if (fields.size() != 9) return false;
  const auto seq = parse_u64(fields[1]), client = parse_u64(fields[2]),
             since = parse_u64(fields[3]);
  if (!seq || !client || !since) return false;
  entry.seq = *seq;
  entry.client_id = *client;
  entry.since = static_cast<std::int64_t>(*since);
  RemovalNotice& notice = entry.notice;
  return take_text(fields[4], notice.url) && take_text(fields[5], notice.user) &&
         take_text(fields[6], notice.password) && take_text(fields[7], notice.before) &&
         take_text(fields[8], notice.after);
}

}  // namespace

SpoolContent parse_spool(std::string_view text) {
  SpoolContent content;
  std::map<std::uint64_t, SpoolEntry> open;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const auto fields = split(text.substr(0, end), ' ');
    text.remove_prefix(end + 1);
    SpoolEntry entry;
    std::uint64_t one[1], three[3];
    if (fields[0] == "A" && take_added(fields, entry)) {
      content.highest_seq = std::max(content.highest_seq, entry.seq);
      content.highest_client_id = std::max(content.highest_client_id, entry.client_id);
      content.last_alive = std::max(content.last_alive, entry.since);
      open[entry.seq] = std::move(entry);
    } else if (fields[0] == "E" && take_numbers(fields, three)) {
      if (const auto at = open.find(three[0]); at != open.end()) {
        at->second.ended = true;
        at->second.seconds = three[1];
        at->second.bytes_sent = three[2];
      }
    } else if (fields[0] == "D" && take_numbers(fields, one)) {
      content.highest_seq = std::max(content.highest_seq, one[0]);
      open.erase(one[0]);
    } else if (fields[0] == "H" && take_numbers(fields, one)) {
      content.last_alive = std::max(content.last_alive, static_cast<std::int64_t>(one[0]));
    }
  }
  for (auto& [seq, entry] : open) content.open.push_back(std::move(entry));
  return content;
}

std::string spool_added(const SpoolEntry& entry) {
  const RemovalNotice& notice = entry.notice;
  return cat({"A", number_field(entry.seq), number_field(entry.client_id),
              number_field(static_cast<std::uint64_t>(std::max<std::int64_t>(entry.since, 0))),
              text_field(notice.url), text_field(notice.user), text_field(notice.password),
              text_field(notice.before), text_field(notice.after), "\n"});
}

std::string spool_ended(std::uint64_t seq, std::uint64_t seconds, std::uint64_t bytes_sent) {
  return cat({"E", number_field(seq), number_field(seconds), number_field(bytes_sent), "\n"});
}

std::string spool_done(std::uint64_t seq) { return cat({"D", number_field(seq), "\n"}); }

std::string spool_alive(std::int64_t now) {
  return cat({"H", number_field(static_cast<std::uint64_t>(std::max<std::int64_t>(now, 0))), "\n"});
}

std::string spool_compacted(const SpoolContent& content) {
  std::string text(kSpoolTitle);
  if (content.last_alive > 0) text += spool_alive(content.last_alive);
  for (const SpoolEntry& entry : content.open) {
    text += spool_added(entry);
    if (entry.ended) text += spool_ended(entry.seq, entry.seconds, entry.bytes_sent);
  }
  return text;
}

}  // namespace lb
