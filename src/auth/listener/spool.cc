#include "auth/listener/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "base/file.h"
#include "base/thread.h"

namespace lb {
namespace {

constexpr std::string_view kSpoolModule = "auth/spool";
constexpr std::size_t kCompactAbove = 1 << 20;

// Another file with this text, locked, open for appending, in place of the old one.
Result<UniqueFd> make_file(const std::string& path, std::string_view text) {
  return place_file(path, text, {.synced = Synced::kBytes, .prepare = [](int fd) {
                                   return ::flock(fd, LOCK_EX | LOCK_NB) == 0 &&
                                          ::fcntl(fd, F_SETFL, O_APPEND) == 0;
                                 }});
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

  // What is past goes; the file of before stays where the new one cannot be written.
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
  // The lock of a running server is on the file that it appends to.
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

void Spool::alive(std::int64_t now) { writer_->append(spool_alive(now), nullptr); }

}  // namespace lb
