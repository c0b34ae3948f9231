// Fuzzes the request head: HTTP and ICE, and the Shoutcast login, on the same bytes.
// Oracles: every split gives the same result; what is accepted keeps the promises of the headers
// http/parser.h and http/message.h; what the log and the playlists make of it stays one line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "http/access_line.h"
#include "http/body.h"
#include "http/credentials.h"
#include "http/message.h"
#include "http/parser.h"
#include "http/playlist.h"

namespace {

using namespace lb;

void require(bool promise) {
  if (!promise) std::abort();
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string shown(Request& r) {
  std::string out = r.method_text + '\n' + r.target + '\n' + r.path + '\n' + r.query + '\n' +
                    r.password + '\n' + std::to_string(static_cast<int>(r.method)) +
                    std::to_string(static_cast<int>(r.protocol)) + std::to_string(r.version_minor);
  for (const auto& [name, value] : r.headers.all()) out += '\n' + name + '=' + value;
  return out;
}

template <class Parser, class Next>
std::string feed(Parser& parser, std::string_view wire, Next next) {
  std::size_t consumed = 0;
  while (!wire.empty() && parser.status() == ParseStatus::kMore) {
    const std::size_t length = std::min<std::size_t>(next(), wire.size());
    const std::size_t taken = parser.feed(wire.substr(0, length));
    require(taken <= length);
    require(taken == length || parser.status() != ParseStatus::kMore);
    consumed += taken;
    wire.remove_prefix(taken);
  }
  std::string out =
      std::to_string(static_cast<int>(parser.status())) + " " + std::to_string(consumed);
  if constexpr (requires { parser.refuse_status(); }) {
    out += " " + std::to_string(parser.refuse_status()) + std::string(parser.refuse_text());
  }
  if (parser.status() == ParseStatus::kDone) out += shown(parser.request());
  return out;
}

template <class Parser>
Parser same_in_every_split(std::string_view wire, std::uint64_t seed) {
  Parser whole, bytes, pieces;
  Rng rng(seed);
  const std::string result = feed(whole, wire, [&] { return wire.size(); });
  require(result == feed(bytes, wire, [] { return std::size_t{1}; }));
  require(result == feed(pieces, wire, [&] { return 1 + rng.below(1 + rng.below(200)); }));
  return whole;
}

void check_headers(const Request& request) {
  const ParseLimits limits;
  require(request.headers.all().size() <= limits.headers);
  for (const auto& [name, value] : request.headers.all()) {
    require(!name.empty() && !value.empty());
    require(!has_control(name) && name.find_first_of(" :") == std::string::npos);
    require(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  const auto who = basic_credentials(request.headers);
  if (who) require(who->user.find(':') == std::string::npos);
}

void check_request(const Request& request) {
  const ParseLimits limits;
  require(request.method != Method::kOther);
  require(request.target.size() <= limits.target_bytes && !has_control(request.target));
  if (request.path == "*") {
    require(request.method == Method::kOptions);
  } else if (!request.only_api) {  // which keeps what it refuses as it came
    require(request.path.front() == '/' && !has_control(request.path));
    require(request.path.find('\\') == std::string::npos);
    require(request.path.find("//") == std::string::npos);
    require((request.path + '/').find("/../") == std::string::npos);
    require((request.path + '/').find("/./") == std::string::npos);
  }
  check_headers(request);
  require(BodyReader::for_request(request, true).has_value());
  // The length that comes with SOURCE is ignored, whatever it says.
  require(request.method == Method::kSource || BodyReader::for_request(request, false).has_value());
  for (const char* name : {"mount", "song", ""}) {
    const auto value = query_param(request.query, name);
    if (value) require(value->find('\0') == std::string::npos);
  }
  AccessFacts facts;
  facts.ip = "192.0.2.1";
  const std::string line = request.method_text + ' ' + request.target + " HTTP/1.0";
  facts.request = line;
  facts.referer = request.headers.get("referer");
  facts.user_agent = request.headers.get("user-agent");
  const std::string logged = access_line(facts, WallTime{});
  require(logged.size() <= 1023 && !has_control(logged));
  const std::string json = access_json(facts, WallTime{});
  require(json.size() <= Log::kMaxBytes && !has_control(json) && Json::parse(json).has_value());
  const std::string list =
      m3u(playlist_host(request.headers.get("host"), "localhost", 8000), request.path);
  require(!has_control(std::string_view(list).substr(0, list.size() - 2)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  std::uint64_t seed = size;
  for (const char c : wire.substr(0, 64)) seed = seed * 31 + static_cast<unsigned char>(c);

  auto http = same_in_every_split<RequestParser>(wire, seed);
  require(http.started() == !wire.empty());
  if (http.status() == ParseStatus::kDone) check_request(http.request());
  if (http.status() == ParseStatus::kRefuse) {
    const int status = http.refuse_status();
    require(status == 400 || status == 404 || status == 405 || status == 414 || status == 431 ||
            status == 501 || status == 505);
    require(!http.refuse_text().empty());
  }

  auto shoutcast = same_in_every_split<ShoutcastParser>(wire, seed);
  require(shoutcast.status() != ParseStatus::kRefuse);
  if (shoutcast.status() == ParseStatus::kDone) {
    require(shoutcast.password_known() && !shoutcast.request().password.empty());
    require(!has_control(shoutcast.request().password));
    check_headers(shoutcast.request());
  }
  return 0;
}
