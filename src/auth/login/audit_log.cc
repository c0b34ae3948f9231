#include "auth/login/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kMaxAuditValue = 512;
constexpr std::size_t kPrevDigits = 16;
constexpr std::size_t kTailBytes = 64 * 1024;  // longer than any line

std::string line_digest(std::string_view line) {
  return hex_encode(sha256(line)).substr(0, kPrevDigits);
}

std::string no_line() { return std::string(kPrevDigits, '0'); }

std::string_view cut_value(std::string_view text) { return cut_utf8(text, kMaxAuditValue); }

void write_value(JsonWriter& out, const std::optional<std::string>& value) {
  if (value)
    out.text(cut_value(*value));
  else
    out.null();
}

// The members behind "node", as an object.
std::string rest_of_line(const AuditEntry& entry) {
  JsonWriter out;
  out.begin_object();
  out.key("who").text(cut_value(entry.user));
  out.key("role").text(entry.role);
  out.key("via").text(entry.via);
  out.key("ip").text(entry.ip);
  out.key("account").text(entry.account);
  out.key("of").text(entry.of_account);
  out.key("do").text(entry.action);
  out.key("on").text(cut_value(entry.on));
  out.key("change").begin_object();
  const std::size_t count = std::min(entry.changes.size(), kMaxAuditChanges);
  for (std::size_t i = 0; i < count; ++i) {
    out.key(cut_value(entry.changes[i].field)).begin_array();
    write_value(out, entry.changes[i].before);
    write_value(out, entry.changes[i].after);
    out.end_array();
  }
  out.end_object();
  out.key("result").text(cut_value(entry.result));
  out.end_object();
  return out.take();
}

// The end of the file, beginning at the start of a line.
std::string tail_of(int fd, std::uint64_t size) {
  const std::uint64_t from = size > kTailBytes ? size - kTailBytes : 0;
  std::string text(static_cast<std::size_t>(size - from), '\0');
  text.resize(read_at(fd, from, std::as_writable_bytes(std::span(text))));
  return text;
}

// Whether a write that failed has left a part of its line at the end.
bool ends_within_line(int fd) {
  struct stat facts {};
  std::array<std::byte, 1> last{};
  return ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0 &&
         read_at(fd, static_cast<std::uint64_t>(facts.st_size) - 1, last) == 1 &&
         last.front() != std::byte{'\n'};
}

}  // namespace

std::string audited_value(std::string_view field, std::string_view value) {
  const std::string name = to_lower(field);
  for (const std::string_view secret : {"pass", "secret", "token", "hash", "key", "csrf"})
    if (name.find(secret) != std::string::npos) return "***";
  return std::string(cut_value(value));
}

bool is_frequent(const AuditEntry& entry) {
  const bool of_customer =
      !entry.account.empty() || (entry.role != "admin" && !entry.of_account.empty());
  const bool done = entry.result == "ok" || entry.result.starts_with('2');
  constexpr std::array<std::string_view, 5> kFrequent{"metadata", "title", "art", "login",
                                                      "logout"};
  return of_customer &&
         (!done || std::find(kFrequent.begin(), kFrequent.end(), entry.action) != kFrequent.end());
}

const std::string& customer_of(const AuditEntry& entry) {
  return entry.account.empty() ? entry.of_account : entry.account;
}

Result<void> AuditLog::open(const std::string& path, const std::string& node) {
  // From here on, as a line that is written behind the end that is read here would not be in the
  // chain.  Only the thread that writes waits for it, and the start.
  const std::lock_guard guard(mutex_);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0)
    return Error::io(cat({path, ": cannot be opened: ", std::strerror(errno)}));
  std::string text = tail_of(fd.get(), static_cast<std::uint64_t>(facts.st_size));
  if (!text.empty() && text.back() != '\n') {
    // A full disk or a crash has cut the last line: it stays, and the next entry begins a new line.
    if (!write_all(fd.get(), "\n")) return Error::io(cat({path, ": ", std::strerror(errno)}));
    text += '\n';
  }
  std::string last = no_line();
  std::uint64_t next = 1;
  if (!text.empty()) {
    text.pop_back();
    const std::size_t begin = text.rfind('\n');
    const std::string line = text.substr(begin == std::string::npos ? 0 : begin + 1);
    last = line_digest(line);
    if (const auto json = Json::parse(line)) next = json->at("n").u64().value_or(0) + 1;
  }
  const bool same = path == path_ && facts.st_size == 0 && fd_;
  path_ = path;
  node_ = node;
  fd_ = std::move(fd);
  // After a rotation the chain continues in the new file.
  if (!same) {
    last_ = last;
    next_ = next;
  }
  return {};
}

void AuditLog::close() {
  const std::lock_guard guard(mutex_);
  fd_ = {};
}

void AuditLog::write_by(Post post, Lost lost) {
  const std::lock_guard guard(waiting_mutex_);
  lost_ = std::move(lost);
  post_ = std::make_shared<const Post>(std::move(post));
}

Result<void> AuditLog::write(const AuditEntry& entry, WallTime now) {
  Waiting line{now, rest_of_line(entry)};
  std::shared_ptr<const Post> asked_post;
  {
    const std::lock_guard guard(waiting_mutex_);
    if (!post_) {
      // The caller writes below, without the lock.
    } else if (waiting_bytes_ + line.rest.size() > kMaxWaiting) {
      ++left_out_;
      return Error::limit(cat({"audit.log takes no more for a while, and ", kMaxWaiting,
                               " bytes wait already; the line is lost"}));
    } else {
      waiting_bytes_ += line.rest.size();
      waiting_.push_back(std::move(line));
      if (std::exchange(asked_, true)) return {};
      asked_post = post_;
    }
  }
  if (asked_post) {
    // As long as it takes: nothing asks again while asked_ is set.
    (*asked_post)([this] { write_waiting(std::chrono::hours(24)); });
    return {};
  }
  const std::lock_guard guard(mutex_);
  return write_line(line);
}

void AuditLog::write_waiting(std::chrono::milliseconds patience) {
  const std::unique_lock<std::timed_mutex> one(mutex_, patience);
  if (!one.owns_lock()) return;
  for (;;) {
    std::vector<Waiting> now;
    std::uint64_t gone = 0;
    {
      const std::lock_guard guard(waiting_mutex_);
      now.swap(waiting_);
      waiting_bytes_ = 0;
      gone = std::exchange(left_out_, 0);
      if (now.empty()) asked_ = false;
    }
    for (const Waiting& line : now)
      if (auto written = write_line(line); !written && lost_) lost_(written.error());
    next_ += gone;
    if (now.empty()) return;
  }
}

// REQUIRES: mutex_ held
Result<void> AuditLog::write_line(const Waiting& line) {
  if (!fd_) return {};
  JsonWriter out;
  out.begin_object();
  out.key("at").text(utc_text(line.at, UtcForm::kMs));
  out.key("n").number(next_);
  out.key("prev").text(last_);
  out.key("node").text(node_);
  out.end_object();
  std::string text = out.take();
  text.back() = ',';
  text.append(line.rest, 1);
  ++next_;
  // As in open(): on a full disk a part of a line stays, and the next entry begins a new one.
  if (!write_all(fd_.get(), cat({ends_within_line(fd_.get()) ? "\n" : "", text, "\n"})))
    return Error::io(cat({path_, ": ", std::strerror(errno), "; the line is lost"}));
  last_ = line_digest(text);
  return {};
}

bool AuditChain::follows(std::string_view line) {
  const auto json = Json::parse(line);
  const auto prev = json ? json->at("prev").text() : std::nullopt;
  if (!prev || (!before_.empty() && *prev != before_)) return false;
  before_ = line_digest(line);
  return true;
}

}  // namespace lb
