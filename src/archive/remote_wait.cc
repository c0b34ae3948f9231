#include "archive/remote_wait.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::chrono::milliseconds kLongestWait{15'000}, kLook{50};

// Outlives the call that waits: the answer may come later.
template <class T>
class Answer {
 public:
  void set(T value) {
    std::lock_guard<std::mutex> guard(mutex_);
    value_ = std::move(value);
    came_.notify_all();
  }
  std::optional<T> wait(const std::atomic<bool>& closing) {
    std::unique_lock<std::mutex> lock(mutex_);
    for (auto waited = kLook; waited < kLongestWait && !value_ && !closing; waited += kLook)
      came_.wait_for(lock, kLook, [this] { return value_.has_value(); });
    return std::move(value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::optional<T> value_;
};

}  // namespace

RemoteArchive::File load_and_wait(RemoteArchive& remote, const std::string& mount,
                                  const FileRow& row) {
  const auto answer = std::make_shared<Answer<RemoteArchive::File>>();
  remote.load(mount, row, [answer](RemoteArchive::File file) { answer->set(std::move(file)); });
  auto file = answer->wait(remote.closing);
  if (!file) return Error::timeout(cat({"archive ", mount, ": no node has answered"}));
  return std::move(*file);
}

bool fetch_and_wait(RemoteArchive& remote, std::shared_ptr<const ArchiveFile> file,
                    std::uint64_t offset, std::uint64_t bytes) {
  if (file->has(offset, bytes)) return true;
  const auto answer = std::make_shared<Answer<bool>>();
  remote.fetch(std::move(file), offset, bytes, [answer](bool good) { answer->set(good); });
  return answer->wait(remote.closing).value_or(false);
}

}  // namespace lb
