#include "net/socket/pipe_transport.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace lb {

PipeTransport::PipeTransport(UniqueFd reading, UniqueFunction<void(bool)> closed)
    : fd_(std::move(reading)),
      closed_(std::move(closed)),
      peer_(Address::parse("127.0.0.1", 0).value()) {}

PipeTransport::~PipeTransport() {
  fd_.reset();
  if (closed_) closed_(at_end_);
}

IoResult PipeTransport::read(std::span<std::byte> into) noexcept {
  const ssize_t n = ::read(fd_.get(), into.data(), into.size());
  if (n > 0) return {IoStatus::kDone, static_cast<std::size_t>(n)};
  at_end_ = n == 0;
  if (at_end_) return {IoStatus::kEof, 0};
  return {is_momentary(errno) ? IoStatus::kAgain : IoStatus::kError, 0};
}

}  // namespace lb
