#include "http/cross_origin.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace lb {
namespace {

struct Line {
  std::string_view name, value;
};

constexpr Line kAllowOrigin = {"Access-Control-Allow-Origin", "*"};
// A page can read only these headers, and a few such as Content-Type.  The browser looks for the
// list in the answer itself, not in that to a preflight.
constexpr Line kExpose = {
    "Access-Control-Expose-Headers",
    "Icy-Br, Icy-Description, Icy-Genre, Icy-MetaInt, Icy-Name, Icy-Pub, Icy-Url, "
    "Ice-Audio-Info, Content-Range, Retry-After"};
// Authorization is missing: foreign pages must not try passwords from their visitors' addresses.
constexpr auto kPreflight = std::to_array<Line>({
    {"Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"},
    {"Access-Control-Allow-Headers",
     "Icy-MetaData, Range, Origin, Accept, Accept-Language, Cache-Control, Content-Type, Pragma, "
     "X-Requested-With"},
    {"Access-Control-Max-Age", "86400"},
});
constexpr Line kPrivateNetwork = {"Access-Control-Allow-Private-Network", "true"};

bool sets(std::span<const HttpHeader> headers, int status, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const HttpHeader& header) {
    return (header.status == 0 || header.status == status) && iequals(header.name, name);
  });
}

void append(std::string& out, const Line& line) {
  out.reserve(out.size() + line.name.size() + line.value.size() + 4);
  out.append(line.name).append(": ").append(line.value).append("\r\n");
}

}  // namespace

void append_cross_origin(std::string& out, int status, std::span<const HttpHeader> global,
                         std::span<const HttpHeader> mount, std::string_view exposes) {
  std::string exposed(kExpose.value);
  if (!exposes.empty()) exposed.append(", ").append(exposes);
  for (const Line& line : {kAllowOrigin, Line{kExpose.name, exposed}})
    if (!sets(global, status, line.name) && !sets(mount, status, line.name)) append(out, line);
}

void append_allow_origin(std::string& out, int status, std::span<const HttpHeader> global) {
  const std::size_t before = out.size();
  for (const HttpHeader& header : global)
    if ((header.status == 0 || header.status == status) && iequals(header.name, kAllowOrigin.name))
      append(out, {kAllowOrigin.name, header.value});
  if (out.size() == before) append(out, kAllowOrigin);
}

std::string preflight_lines(int status, std::span<const HttpHeader> global, bool private_network) {
  std::string out;
  for (const Line& line : kPreflight)
    if (!sets(global, status, line.name)) append(out, line);
  if (private_network && !sets(global, status, kPrivateNetwork.name)) append(out, kPrivateNetwork);
  return out;
}

}  // namespace lb
