// Reports of nodes, and the requests that carry tokens: what is read is within its limits, what is
// written is read again as the same, and nothing of it can end a line or leave its place in a
// Location.
#include "check.h"
#include "cluster/balance/redirect_reply.h"
#include "cluster/balance/redirect_token.h"
#include "cluster/nodes/public_address.h"
#include "cluster/polling/node_report.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/relay_marks.h"

using namespace lb;

namespace {

bool is_plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f)
      return false;
  return true;
}

void check_addresses(const NodeReport& report) {
  fuzz::must(report.addresses.size() <= NodeReport::kMaxAddresses, "too many addresses");
  for (const NodeAddress& address : report.addresses) {
    const std::string origin = origin_of(address);
    fuzz::must(is_plain(origin), "an origin that is not an address", origin);
    fuzz::must(origin.find('@') == std::string::npos, "an origin with a user", origin);
    const std::size_t authority = origin.find("//") + 2;
    fuzz::must(origin.find_first_of("/?#\\", authority) == std::string::npos,
               "an origin with a path", origin);
    const auto again = parse_public_address(address.scheme, to_text(address), 1);
    fuzz::must(again.has_value() && *again == address, "an address is read as another", origin);
  }
}

void check_report(std::string_view header, std::string_view body) {
  const auto report = parse_node_report(header, body);
  if (!report.has_value()) {
    for (const char c : report.error().what)
      fuzz::must(static_cast<unsigned char>(c) >= 0x20, "a message of two lines");
    return;
  }
  check_addresses(*report);
  fuzz::must(report->mounts.size() <= NodeReport::kMaxMounts, "too many mounts");
  if (report->form != NodeReport::Form::kOurs || report->epoch.empty()) return;
  const std::string printed = node_header(*report);
  fuzz::must(printed.find_first_of("\r\n") == std::string::npos, "a header of two lines");
  if (printed.size() > NodeReport::kMaxHeaderBytes) return;
  const auto again = parse_node_report(printed, node_body(*report));
  fuzz::must(again.has_value(), "what was written cannot be read", printed);
  fuzz::must(again->mounts == report->mounts, "mounts are read as others");
  // A body that is written always counts.
  if (report->listeners)
    fuzz::must(node_header(*again) == printed, "a report is read as another", printed);
}

void check_query(std::string_view text) {
  std::string query(text);
  const auto token = take_token(query);
  fuzz::must(query.size() + (token ? token->size() : 0) <= text.size(), "a query grows");
  fuzz::must(token.has_value() || query == text, "a query without a token changes");
  if (token) fuzz::must(token->size() == RedirectToken::kTextBytes, "a token of another size");
  static const TokenKeys keys("key");
  if (token) {
    // Of a key that is not ours it proves nothing; made up with the number of ours, it is forged.
    const auto verdict = keys.check(*token, "e1", "/a", WallTime{}).verdict;
    fuzz::must(
        verdict == RedirectToken::Verdict::kForged || verdict == RedirectToken::Verdict::kForeign,
        "a forged token");
  }
  const std::string location =
      redirect_location("http://e1:8000", "/" + std::string(text), query, "T");
  fuzz::must(is_plain(location) && location.starts_with("http://e1:8000/"), "a location is left",
             location);
  if (is_kh_registration(text))
    if (const auto report = parse_kh_registration(text); report.has_value())
      check_addresses(*report);
}

void check_marks(std::string_view text) {
  Headers headers;
  headers.add("via", std::string(text));
  headers.add("x-lb-path", std::string(text));
  const std::string path = path_of(headers);
  fuzz::must(path_hops(path) <= kMaxHops + 1, "a long path");
  fuzz::must(path_line(path).find("\r\n") == path_line(path).size() - 2 || path.empty(),
             "a path of two lines");
  const std::string lines = relay_mark_lines("m1.a", text);
  std::size_t ends = 0;
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; ++at) ++ends;
  fuzz::must(ends == 2, "marks of more than two lines", lines);
  static_cast<void>(circle_in_request(headers, "m1.a"));
}

void check_pull(std::string_view text) {
  Headers headers;
  headers.add("x-lb-pull", std::string(text));
  const auto mark = pull_mark_of(headers);
  if (!mark) return;
  const std::string line = pull_line(*mark, "secret", text);
  fuzz::must(line.find_first_of("\r\n") == line.size() - 2, "a mark of two lines", line);
  Headers again;
  again.add("x-lb-pull", line.substr(11, line.size() - 13));
  const auto same = pull_mark_of(again);
  fuzz::must(same.has_value() && same->mac == same->mac_for("secret", text) &&
                 same->number == mark->number,
             "a mark is read as another", line);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  check_report(text.substr(0, line), text.substr(std::min(line + 1, text.size())));
  check_report("", text);
  check_query(text);
  check_marks(text);
  check_pull(text);
  if (const auto allowed = AllowedAddresses::parse(text); allowed.has_value())
    fuzz::must(!allowed->contains(make_node_address(PublicScheme::kHttp, "nobody.named.this", 1)) ||
                   text.find("*.") != std::string_view::npos ||
                   text.find("obody") != std::string_view::npos ||
                   text.find("OBODY") != std::string_view::npos ||
                   text.find("amed") != std::string_view::npos,
               "a stranger is allowed");
  return 0;
}
