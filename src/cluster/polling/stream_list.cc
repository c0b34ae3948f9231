#include "cluster/polling/stream_list.h"

#include <set>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/nodes/names.h"
#include "http/parser.h"
#include "http/response.h"

namespace lb {
namespace {

// A name with an invalid '%' was sent by a server that does not encode names.
std::optional<std::string> mount_of(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  if (auto decoded = decode_path(path)) return decoded;
  if (percent_decode(path, false)) return std::nullopt;
  std::string escaped;
  for (const char c : path) escaped += c == '%' ? std::string("%25") : std::string(1, c);
  return decode_path(escaped);
}

std::optional<ListedStream> stream_of(std::string_view line) {
  ListedStream stream;
  std::string_view path = line;
  if (istarts_with(line, "http://") || istarts_with(line, "https://")) {
    const auto url = parse_http_url(line, HttpUrl{});
    if (!url) return std::nullopt;
    stream.host = url->host;
    stream.port = url->port;
    stream.tls = url->tls;
    path = line.substr(line.find("//") + 2);
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    path = path.substr(slash);
  }
  auto mount = mount_of(path);
  if (!mount || !may_be_relayed_as(*mount)) return std::nullopt;
  stream.mount = std::move(*mount);
  return stream;
}

}  // namespace

Result<StreamList> parse_stream_list(std::string_view text) {
  StreamList list;
  std::set<std::string, std::less<>> seen;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (std::min(end, text.size()) > StreamList::kLongestLine)
      return Error::limit(cat({"a line of more than ", StreamList::kLongestLine, " bytes"}));
    if (end == std::string_view::npos) {
      list.cut_off = true;
      break;
    }
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (line.empty() || line.front() == '#') continue;
    auto stream = stream_of(line);
    if (!stream) {
      ++list.passed_over;
    } else if (list.streams.size() == StreamList::kMaxMounts) {
      list.too_many = true;
      break;
    } else if (seen.insert(stream->mount).second) {
      list.streams.push_back(std::move(*stream));
    }
  }
  return list;
}

}  // namespace lb
