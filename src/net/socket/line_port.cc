#include "net/socket/line_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/cat.h"
#include "net/address/bind_address.h"
#include "net/loop/shortage.h"
#include "net/socket/transport.h"

namespace lb {
namespace {

constexpr int kAcceptsATurn = 16;
constexpr int kBacklog = 128;

}  // namespace

LinePort::Guest::Guest(LinePort& owner, UniqueFd connected)
    : port(owner), fd(std::move(connected)), timer(*owner.loop_, [this] {
        gone = true;
        port.sweep();  // destroys this
      }) {}

void LinePort::Guest::on_ready(short) {
  std::array<char, 512> ignored;
  const ssize_t n = ::recv(fd.get(), ignored.data(), ignored.size(), 0);
  if (n > 0 || (n < 0 && is_momentary(errno))) return;
  gone = true;
  port.sweep();
}

Result<std::unique_ptr<LinePort>> LinePort::open(const std::string& address, int port) {
  auto fd = bind_socket(SOCK_STREAM, address, port);
  if (!fd) return fd.error();
  if (::listen(fd->get(), kBacklog) != 0) return Error::io(cat({"port ", port, ": cannot listen"}));
  return std::make_unique<LinePort>(std::move(*fd));
}

void LinePort::start(Loop& loop, Line line) {
  loop_ = &loop;
  line_ = std::move(line);
  watch_.start<&LinePort::on_ready>(loop, fd_.get(), EV_READ, this);
}

int LinePort::port() const { return bound_port(fd_.get()); }

void LinePort::on_ready(short) {
  for (int i = 0; i < kAcceptsATurn; ++i) {
    UniqueFd taken(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!taken) {
      if (errno != EAGAIN) note_shortage();
      return;
    }
    if (guests_.size() >= kMaxGuests) continue;  // closed without an answer
    const std::string line = line_();
    // The line fits into the empty socket buffer.
    [[maybe_unused]] const auto n = ::send(taken.get(), line.data(), line.size(), MSG_NOSIGNAL);
    ::shutdown(taken.get(), SHUT_WR);
    Guest& guest = guests_.emplace_back(*this, std::move(taken));
    guest.watch.start<&Guest::on_ready>(*loop_, guest.fd.get(), EV_READ, &guest);
    guest.timer.after(kLongestStay);
  }
}

void LinePort::sweep() {
  // No code touches a guest after its callback has called this.
  std::erase_if(guests_, [](const Guest& guest) { return guest.gone; });
}

}  // namespace lb
