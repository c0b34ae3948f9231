// PipeTransport: the reading end of a pipe as a Transport, so that the output of a child process is
// an ordinary source.
//
// Thread: the loop that holds it; `closed` is called on the thread that destroys it.
// Ownership: unique_ptr; it moves to the Source.  `closed` ends the writing process when the
// transport ends.
#pragma once

#include "base/unique_function.h"
#include "net/socket/transport.h"

namespace lb {

class PipeTransport final : public Transport {
 public:
  // reading: non-blocking. closed: called at the reader's end; at_end: the writer had ended.  May
  // be empty.
  PipeTransport(UniqueFd reading, UniqueFunction<void(bool at_end)> closed);
  ~PipeTransport() override;
  PipeTransport(const PipeTransport&) = delete;
  PipeTransport& operator=(const PipeTransport&) = delete;

  IoResult read(std::span<std::byte> into) noexcept override;
  // A pipe has one direction.
  IoResult write_v(std::span<const iovec>, bool) noexcept override { return {IoStatus::kError, 0}; }
  IoResult send_file(int, std::uint64_t, std::size_t) noexcept override {
    return {IoStatus::kError, 0};
  }
  bool can_send_file() const noexcept override { return false; }
  bool can_move() const noexcept override { return true; }
  int fd() const noexcept override { return fd_.get(); }
  const Address& peer() const noexcept override { return peer_; }
  void shut_down_write() noexcept override {}
  void limit_unsent(std::size_t) noexcept override {}

 private:
  UniqueFd fd_;
  UniqueFunction<void(bool)> closed_;
  bool at_end_ = false;
  const Address peer_;  // this machine
};

}  // namespace lb
