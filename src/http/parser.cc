#include "http/parser.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/strings.h"
#include "http/body.h"
#include "http/text.h"

namespace lb {
namespace {

const MethodWord* find_method(std::string_view word) noexcept {
  for (const MethodWord& known : kMethodWords)
    if (iequals(known.word, word)) return &known;
  return nullptr;
}

// Methods of the API only; as in Icecast, a connection that uses one elsewhere is closed.
bool is_of_api(Method method) noexcept {
  return method == Method::kPatch || method == Method::kDelete;
}

constexpr std::size_t kLongestMethod = 32;

bool names_api(std::string_view target) noexcept {
  const std::string_view path = target.substr(0, target.find('?'));
  return path == "/api" || path.starts_with("/api/");
}

// Removes CR or CR CR before the LF; nsvcap sends CR CR LF.
std::string_view without_cr(std::string_view line) noexcept {
  for (int i = 0; i < 2 && !line.empty() && line.back() == '\r'; ++i) line.remove_suffix(1);
  return line;
}

std::string_view trim_spaces(std::string_view text) noexcept {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// Headers of which two values would mean two requests.  Not Host: nginx sends both of two
// proxy_set_header Host (AzuraCast's stations), and the last one names the server, as in Icecast.
bool is_single(std::string_view name) noexcept {
  using namespace std::string_view_literals;
  return name == "authorization"sv || name == "content-length"sv;
}

// The next bytes, up to and including an LF, or as many as the limits allow.
struct Piece {
  std::string_view text;  // without the LF
  std::size_t bytes = 0;
  bool whole = false;
};
// Looks no further than the limits allow, so that any split of the bytes gives the same result.
Piece next_piece(const ParseLimits& limits, std::size_t line, std::size_t head,
                 std::string_view bytes) noexcept {
  bytes = bytes.substr(0, std::min(limits.line_bytes + 1 - line, limits.head_bytes + 1 - head));
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return {bytes, bytes.size(), false};
  return {bytes.substr(0, end), end + 1, true};
}

}  // namespace

bool is_well_known(std::string_view path) noexcept { return path.starts_with("/.well-known/"); }

bool is_clean_path(std::string_view path) noexcept {
  if (path.empty() || path.front() != '/') return false;
  bool segment_empty = false;     // just after a '/'
  bool segment_all_dots = false;  // at least one
  for (const char c : path) {
    if (is_control(c) || c == '\\') return false;
    if (c == '/') {
      if (segment_empty || segment_all_dots) return false;
      segment_empty = true;
    } else {
      segment_all_dots = c == '.' && (segment_empty || segment_all_dots);
      segment_empty = false;
    }
  }
  return !segment_all_dots;
}

// "/a/..", "/.": the last segment names a directory.
bool ends_in_dots(std::string_view raw) {
  const auto path = percent_decode(raw, false);
  if (!path) return false;
  const std::size_t last = path->find_last_not_of('.');
  return last != std::string::npos && last + 1 < path->size() && (*path)[last] == '/' &&
         is_clean_path(std::string_view(*path).substr(0, last + 1));
}

std::optional<std::string> decode_path(std::string_view raw) {
  if (raw.empty() || raw.front() != '/') return std::nullopt;
  auto path = percent_decode(raw, false);
  if (!path || !is_clean_path(*path)) return std::nullopt;
  return path;
}

void RequestParser::refuse(int status, std::string_view text) {
  status_ = ParseStatus::kRefuse;
  refuse_status_ = status;
  refuse_text_ = text;
}

// The line under way is the one too many.
void RequestParser::refuse_long_head() {
  if (request_line_done_) return refuse(431, "the request head is too long");
  const std::string_view line = line_;
  const std::size_t space = line.find(' ');
  const MethodWord* method = find_method(line.substr(0, space));
  request_.only_api = method != nullptr && space != std::string_view::npos &&
                      names_api(trim_spaces(line.substr(space)));
  if (request_.only_api || (method != nullptr && !is_of_api(method->method))) {
    refuse(414, "the address is too long");
  } else {
    drop();
  }
}

std::size_t RequestParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && status_ == ParseStatus::kMore) {
    const Piece piece = next_piece(limits_, line_.size(), head_bytes_, bytes.substr(taken));
    taken += piece.bytes;
    head_bytes_ += piece.bytes;
    if (head_bytes_ > limits_.head_bytes) {
      line_ += piece.text;
      refuse_long_head();
    } else if (!piece.whole) {
      line_ += piece.text;
      if (line_.size() > limits_.line_bytes) refuse_long_head();
    } else if (line_.empty()) {
      take_line(without_cr(piece.text));
    } else {
      line_ += piece.text;
      take_line(without_cr(line_));
      line_.clear();
    }
  }
  return taken;
}

void RequestParser::take_line(std::string_view line) {
  if (!request_line_done_) {
    // RFC 9112 section 2.2: an empty line before the request is not its end.
    if (line.empty() && head_bytes_ <= 2) return;
    take_request_line(line);
  } else if (line.empty()) {
    take_end();
  } else {
    take_header(line);
  }
}

void RequestParser::take_request_line(std::string_view line) {
  request_line_done_ = true;
  line = trim_spaces(line);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return drop();
  const MethodWord* method = find_method(line.substr(0, first));
  if (method == nullptr) return take_unknown_method(line);
  request_.method = method->method;
  request_.method_text = method->word;  // "get" is logged as GET
  std::string_view target = trim_spaces(line.substr(first + 1, last - first - 1));
  if (target.size() > limits_.target_bytes) {
    request_.only_api = names_api(target);
    return refuse(414, "the address is too long");
  }
  // The query is checked too, as redirects and backends receive it.
  if (any_control(target)) return drop();
  target = target.substr(0, target.find('#'));
  request_.target = target;
  const std::size_t mark = target.find('?');
  if (mark != std::string_view::npos) request_.query = target.substr(mark + 1);
  if (target == "*" && request_.method == Method::kOptions) {
    request_.path = "*";
  } else {
    const std::string_view raw = target.substr(0, mark);
    auto path = decode_path(raw);
    request_.only_api = is_api_path(raw) && (!path || is_of_api(request_.method));
    if (!request_.only_api && !path && !is_of_api(request_.method) && ends_in_dots(raw)) {
      // Icecast looks for a file of that name and finds a directory.
      take_version(line.substr(last + 1));
      if (status_ == ParseStatus::kMore) refuse(404, "The file you requested could not be found");
      return;
    }
    if (!request_.only_api && (!path || is_of_api(request_.method))) {
      if (!names_api(raw)) return drop();
      // The pages there, beside the API.
      request_.only_api = true;
      request_.path = path.value_or(std::string(raw));
      take_version(line.substr(last + 1));
      if (status_ != ParseStatus::kMore) return;
      return path ? refuse(405, "This address takes GET, HEAD")
                  : refuse(404, "The file you requested could not be found");
    }
    request_.path = path ? *std::move(path) : std::string(raw);
  }
  take_version(line.substr(last + 1));
}

// RFC 9110 section 9.1 asks for 501; outside the API the connection is closed, as in Icecast.
void RequestParser::take_unknown_method(std::string_view line) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  const std::string_view word = line.substr(0, first);
  const std::string_view target = trim_spaces(line.substr(first + 1, last - first - 1));
  const bool clean = is_token(word) && word.size() <= kLongestMethod &&
                     target.size() <= limits_.target_bytes && !any_control(target);
  if (!clean || !names_api(target)) return drop();
  request_.only_api = true;
  request_.method_text = word;
  request_.target = target;
  request_.path = target.substr(0, target.find('?'));
  take_version(line.substr(last + 1));
  if (status_ == ParseStatus::kMore) refuse(501, "the method is not known here");
}

void RequestParser::take_version(std::string_view version) {
  const std::size_t slash = version.find('/');
  if (slash == std::string_view::npos) return drop();
  const std::string_view name = version.substr(0, slash);
  const std::string_view number = version.substr(slash + 1);
  if (name == "ICE") {
    request_.protocol = Protocol::kIce;
  } else if (name != "HTTP") {
    return drop();
  }
  // "HTTP/1" and "HTTP/0.9" count as 1.0; Icecast reads no further than the slash.
  const std::string_view major = number.substr(0, number.find('.'));
  const std::string_view minor = number.substr(std::min(major.size() + 1, number.size()));
  const bool short_form = major.size() == number.size();
  if (major.size() != 1 || !is_digit(major[0])) return drop();
  if (!short_form && (minor.size() != 1 || !is_digit(minor[0]))) return drop();
  if (major[0] > '1') return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (major[0] == '1' && !short_form) request_.version_minor = minor[0] - '0';
}

void RequestParser::take_header(std::string_view line) {
  if (++header_lines_ > limits_.headers) return refuse(431, "too many header lines");
  if (line.find('\0') != std::string_view::npos) return refuse(400, "a header line with a NUL");
  if (line.find('\r') != std::string_view::npos) {
    return refuse(400, "a header line with a bare CR");
  }
  if (line.front() == ' ' || line.front() == '\t') return refuse(400, "a folded header line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return refuse(400, "a header line without a colon");
  if (!is_token(line.substr(0, colon))) return refuse(400, "a header name with a space or a mark");
  std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trim_spaces(line.substr(colon + 1));
  if (value.empty()) {
    if (name == "content-length" || name == "transfer-encoding") {
      refuse(400, "an empty Content-Length or Transfer-Encoding");
    }
    return;
  }
  if (is_single(name)) {
    const std::string* earlier = request_.headers.find(name);
    if (earlier != nullptr && *earlier != value) {
      return refuse(400, "two different values of one header");
    }
  }
  request_.headers.add(std::move(name), std::string(value));
}

void RequestParser::take_end() {
  const auto body = BodyReader::for_request(request_, true);
  if (!body) return refuse(400, "a body that is framed in no known way");
  status_ = ParseStatus::kDone;
}

std::size_t ShoutcastParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && status_ == ParseStatus::kMore) {
    const Piece piece = next_piece(limits_, line_.size(), head_bytes_, bytes.substr(taken));
    taken += piece.bytes;
    head_bytes_ += piece.bytes;
    line_ += piece.text;
    if (head_bytes_ > limits_.head_bytes || line_.size() > limits_.line_bytes) {
      status_ = ParseStatus::kDrop;
    } else if (piece.whole) {
      take_line(without_cr(line_));
      line_.clear();
    }
  }
  return taken;
}

void ShoutcastParser::take_line(std::string_view line) {
  if (!password_known_) {
    if (line.empty() || any_control(line)) {
      status_ = ParseStatus::kDrop;
      return;
    }
    request_.method = Method::kSource;
    request_.method_text = "SOURCE";
    request_.protocol = Protocol::kIcy;
    request_.password = line;
    password_known_ = true;
    return;
  }
  if (line.empty()) {
    status_ = ParseStatus::kDone;
    return;
  }
  if (++header_lines_ > limits_.headers) {
    status_ = ParseStatus::kDrop;
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = trim_spaces(line.substr(0, colon));
  const std::string_view value = trim_spaces(line.substr(colon + 1));
  if (!is_token(name) || value.empty() ||
      value.find_first_of(std::string_view("\0\r", 2)) != value.npos) {
    return;
  }
  request_.headers.add(to_lower(name), std::string(value));
}

}  // namespace lb
