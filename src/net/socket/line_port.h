// LinePort: sends one line to every client, and closes.
//
// Thread: open() anywhere; the rest on the loop given to start().
// Ownership: app/switch_service.
// Bounds: a number of connections at once, each for at most a second: after the line it reads until
// the client closes, because closing with unread bytes would reset the connection and lose the
// line.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"

namespace lb {

class LinePort {
 public:
  static constexpr std::size_t kMaxGuests = 64;
  static constexpr std::chrono::seconds kLongestStay{1};
  using Line = std::function<std::string()>;

  static Result<std::unique_ptr<LinePort>> open(const std::string& address, int port);
  explicit LinePort(UniqueFd fd) : fd_(std::move(fd)) {}

  void start(Loop& loop, Line line);
  int port() const;
  int fd() const noexcept { return fd_.get(); }
  std::size_t guests() const noexcept { return guests_.size(); }

 private:
  struct Guest {
    Guest(LinePort& owner, UniqueFd connected);
    LinePort& port;
    UniqueFd fd;
    bool gone = false;
    Watch watch;
    Timer timer;
    void on_ready(short events);
  };
  void on_ready(short events);
  void sweep();

  UniqueFd fd_;
  Loop* loop_ = nullptr;
  Line line_;
  Watch watch_;
  std::list<Guest> guests_;
};

}  // namespace lb
