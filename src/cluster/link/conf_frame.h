// ConfFrame: items that a node enforces, from its master: records of mounts and bans, keys and
// epochs of logins.
//
// A run of frames belongs together: all but the last have `more`, and the run is in force when the
// last has come.  A run that begins with `all` has all items, any other run the changed ones.  An
// item that is too long for one frame is sent in consecutive parts.
//
// Source: doc/link.md, CONF.
// Thread: plain values, pure functions.
// Bounds: keys of kConfKeyBytes, values of kConfValueBytes in all their parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

constexpr std::size_t kConfKeyBytes = 1024;
constexpr std::size_t kConfValueBytes = 64 * 1024;

struct ConfItem {
  std::string key;    // is_conf_key()
  std::string value;  // UTF-8
  bool part = false;  // the next item continues this value

  bool operator==(const ConfItem&) const = default;
};

struct ConfFrame {
  std::string store;  // the name of its life: "ID.NUMBER", see conf_book.h
  std::uint64_t revision = 0;
  bool all = false;  // of the first frame of a run
  std::vector<ConfItem> set;
  std::vector<std::string> removed;  // keys
  bool more = false;
};

// "mounts/%2Frock.mp3": a class in lower-case letters, then names of A-Z a-z 0-9 - . _ ~ %, each
// after a slash.
bool is_conf_key(std::string_view key) noexcept;

// Items to be sent, as a run of frames that fit.  Frames are taken one by one, so that a sender may
// pause between them.
class ConfRun {
 public:
  // head: the members that all frames of the run have.
  explicit ConfRun(ConfFrame head) : head_(std::move(head)) { fresh(); }

  void set(const std::string& key, std::string_view value);
  void remove(const std::string& key);
  bool empty() const noexcept { return used_ == 0 && frames_.size() == 1; }
  // Whether this item fits whole into the present frame.
  bool fits(const std::string& key, std::string_view value) const noexcept;
  // All frames; more: the run goes on in another ConfRun.
  std::vector<ConfFrame> take(bool more);

 private:
  void fresh();
  void need(std::size_t bytes);

  ConfFrame head_;
  std::vector<ConfFrame> frames_;
  std::size_t used_ = 0;  // of the last frame
};

}  // namespace lb
