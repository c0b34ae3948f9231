#include "auth/listener/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/rate_limit.h"
#include "base/strings.h"
#include "base/thread.h"

namespace lb {
namespace {

constexpr std::string_view kSpoolModule = "auth/spool";
constexpr std::size_t kCompactAbove = 1 << 20;

// Replaces the file by one with this text, locked and open for appending.
Result<UniqueFd> make_file(const std::string& path, std::string_view text) {
  return place_file(path, text, {.synced = Synced::kBytes, .prepare = [](int fd) {
                                   return ::flock(fd, LOCK_EX | LOCK_NB) == 0 &&
                                          ::fcntl(fd, F_SETFL, O_APPEND) == 0;
                                 }});
}

// An empty field is "-", so that the number of fields is fixed; a field "-" is "%2d".
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

// False: a field is no number, or their count is wrong.
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

class Spool::Writer {
 public:
  Writer(std::string path, UniqueFd fd, std::size_t size, Loop& control, Log& log)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size), control_(control), log_(log) {}
  Result<void> begin() {
    auto made = make_thread("spool", [this] { run(); });
    if (!made) return made.error();
    thread_ = std::move(*made);
    return {};
  }
  ~Writer() {
    if (!thread_.joinable()) return;
    {
      std::lock_guard<std::mutex> guard(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void append(std::string line, UniqueFunction<void()> written) {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      text_ += line;
      if (written) callbacks_.push_back(std::move(written));
    }
    wake_.notify_one();
  }

  const std::string& path() const noexcept { return path_; }
  bool idle() {
    std::lock_guard<std::mutex> guard(mutex_);
    return text_.empty() && !writing_;
  }
  // REQUIRES: idle()
  void set_lock(int operation) { ::flock(fd_.get(), operation | LOCK_NB); }

 private:
  void run() {
    for (;;) {
      std::string text;
      std::vector<UniqueFunction<void()>> callbacks;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !text_.empty(); });
        if (text_.empty()) return;
        text.swap(text_);
        callbacks.swap(callbacks_);
        writing_ = true;
      }
      if (write_all(fd_.get(), text))
        size_ += text.size();
      else
        log_problem(cat({"cannot be written: ", std::strerror(errno),
                         "; listener_remove events will be lost if the server is killed now"}));
      for (auto& callback : callbacks) control_.post(std::move(callback));
      ::fdatasync(fd_.get());
      if (size_ > compact_above_) compact();
      std::lock_guard<std::mutex> guard(mutex_);
      writing_ = false;
    }
  }

  // Removes finished lines; the old file stays if the new one cannot be written.
  void compact() {
    const auto now = read_file(path_);
    if (!now) return compaction_failed(now.error());
    const std::string text = spool_compacted(parse_spool(now->text));
    auto made = make_file(path_, text);
    if (!made) return compaction_failed(made.error());
    fd_ = std::move(*made);
    size_ = text.size();
    compact_above_ = std::max(kCompactAbove, 4 * size_);
  }
  void compaction_failed(const Error& error) {
    log_problem("cannot be compacted: " + error.what);
    compact_above_ = 2 * size_;
  }

  void log_problem(const std::string& what) {
    unsigned held = 0;
    if (guard_.pass(system_clock().steady(), held))
      log_.error(kSpoolModule, cat({path_, ": ", what}));
  }

  const std::string path_;
  UniqueFd fd_;
  std::size_t size_;
  std::size_t compact_above_ = kCompactAbove;
  Loop& control_;
  Log& log_;
  RepeatGuard guard_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string text_;
  std::vector<UniqueFunction<void()>> callbacks_;
  bool stopping_ = false, writing_ = false;
  std::thread thread_;
};

Result<Spool::Opened> Spool::open(const std::string& path, Loop& control, Log& log) {
  // A running server holds the lock of the file that it appends to.
  const UniqueFd old(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (old && ::flock(old.get(), LOCK_EX | LOCK_NB) != 0)
    return Error::denied(path + ": is in use by another server");
  auto text = read_file(path);
  if (!text && text.error().code != Error::Code::kNotFound) return text.error();
  SpoolContent content = parse_spool(text ? text->text : std::string());
  const std::string compacted = spool_compacted(content);
  auto fd = make_file(path, compacted);
  if (!fd) return fd.error();
  auto writer = std::make_unique<Writer>(path, std::move(*fd), compacted.size(), control, log);
  if (auto begun = writer->begin(); !begun) return begun.error();
  return Opened{std::unique_ptr<Spool>(new Spool(std::move(writer))), std::move(content)};
}

Spool::Spool(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}

Spool::~Spool() = default;

void Spool::added(const SpoolEntry& entry, UniqueFunction<void()> written) {
  writer_->append(spool_added(entry), std::move(written));
}

void Spool::ended(std::uint64_t seq, std::uint64_t seconds, std::uint64_t bytes_sent) {
  writer_->append(spool_ended(seq, seconds, bytes_sent), nullptr);
}

void Spool::done(std::uint64_t seq) { writer_->append(spool_done(seq), nullptr); }

bool Spool::idle() const { return writer_->idle(); }

void Spool::unlock() { writer_->set_lock(LOCK_UN); }

void Spool::lock() { writer_->set_lock(LOCK_EX); }

void Spool::alive(std::int64_t now, UniqueFunction<void()> written) {
  writer_->append(spool_alive(now), std::move(written));
}

const std::string& Spool::path() const noexcept { return writer_->path(); }

void Spool::empty(const std::string& path) noexcept {
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  [[maybe_unused]] const int done = ::ftruncate(file.get(), 0);
}

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
