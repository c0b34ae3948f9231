// Fuzzes what other servers send us: the head of an answer, where its Location leads, and the list
// of streams in its body.
// Oracles: every split gives the same result; what is accepted keeps the promises of
// http/response.h and cluster/polling/stream_list.h; what is sent on because of it stays one line.
#include "http/response.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "cluster/nodes/names.h"
#include "cluster/polling/stream_list.h"
#include "cluster/relay/upstream_call.h"
#include "fuzz/check.h"
#include "http/body.h"
#include "stream/source/source_facts.h"

namespace {

using namespace lb;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void require(bool promise) { fuzz::must(promise, "a promise of the headers"); }

std::string shown(ResponseParser& parser) {
  if (parser.fault()) return "fault " + parser.fault()->what;
  if (!parser.done()) return "more";
  const Response& r = parser.response();
  std::string out =
      std::to_string(r.status) + (r.icy ? "i" : "h") + std::to_string(r.version_minor) + r.reason;
  for (const auto& [name, value] : r.headers.all()) out += '\n' + name + '=' + value;
  return out;
}

template <class Next>
std::string feed(ResponseParser& parser, std::string_view wire, Next next) {
  std::size_t consumed = 0;
  while (!wire.empty() && !parser.done() && !parser.fault()) {
    const std::size_t length = std::min<std::size_t>(next(), wire.size());
    const std::size_t taken = parser.feed(wire.substr(0, length));
    require(taken <= length);
    require(taken == length || parser.done() || parser.fault());
    consumed += taken;
    wire.remove_prefix(taken);
  }
  return shown(parser) + (parser.done() ? " " + std::to_string(consumed) : "");
}

void check_url(std::string_view text, const HttpUrl& base) {
  const auto url = parse_http_url(text, base);
  if (!url) return;
  require(!url->host.empty() && url->host.size() <= 255 && url->port != 0);
  require(!has_control(url->host) && url->host.find_first_of(" /@?#") == std::string::npos);
  require(url->target.front() == '/' && !has_control(url->target));
  require(url->target.find_first_of(" #") == std::string::npos);
  const std::string request = relay_request(*url, "Icecast 2.4.4", true, "u:p");
  require(std::count(request.begin(), request.end(), '\n') == 6);
}

void check_response(const Response& r) {
  require(r.status >= 100 && r.status <= 999 && !has_control(r.reason));
  require(r.headers.all().size() <= ResponseParser::kHeaders);
  for (const auto& [name, value] : r.headers.all()) {
    require(!name.empty() && !value.empty() && !has_control(name) && !has_control(value));
    require(name.find_first_of(" :ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos);
  }
  check_url(r.headers.get("location"), HttpUrl{true, "base.example", 8443, "/x"});
  (void)BodyReader::for_response(r.headers, true);
  (void)BodyReader::for_response(r.headers, false);
  (void)not_a_stream(r);
  const auto facts = make_relay_facts(r.headers, MountSettings{}, SourcePeer{});
  require(facts->plugin != nullptr && facts->relayed);
  const std::string& lines = facts->listener_headers;
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; ++at)
    require(at > 0 && lines[at - 1] == '\r');
}

void check_list(std::string_view text) {
  const auto list = parse_stream_list(text);
  if (!list) return;
  require(list->streams.size() <= StreamList::kMaxMounts);
  for (const ListedStream& stream : list->streams) {
    require(may_be_relayed_as(stream.mount) && stream.mount.front() == '/');
    require(!has_control(stream.mount) && stream.mount.find("//") == std::string::npos);
    require((stream.mount + '/').find("/../") == std::string::npos);
    require(stream.host.empty() || stream.port != 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  std::uint64_t seed = size;
  for (const char c : wire.substr(0, 64)) seed = seed * 31 + static_cast<unsigned char>(c);

  ResponseParser whole, bytes, pieces;
  Rng rng(seed);
  const std::string result = feed(whole, wire, [&] { return wire.size(); });
  require(result == feed(bytes, wire, [] { return std::size_t{1}; }));
  require(result == feed(pieces, wire, [&] { return 1 + rng.below(1 + rng.below(200)); }));
  if (whole.done()) check_response(whole.response());

  check_url(wire, HttpUrl{});
  check_list(wire);
  return 0;
}
