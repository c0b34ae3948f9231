#include "cluster/relay/program_call.h"

#include <array>
#include <utility>

namespace lb {

ProgramCall::ProgramCall(Loop& loop, Result<std::unique_ptr<Transport>> started,
                         std::chrono::milliseconds deadline, Then then)
    : then_(std::move(then)), late_(loop, [this] {
        finish(fault_ ? *fault_ : Error::timeout("the program has written nothing in time"));
      }) {
  if (!started) {
    fault_ = started.error();
    late_.after(std::chrono::microseconds(0));
    return;
  }
  transport_ = std::move(*started);
  watch_.start<&ProgramCall::on_readable>(loop, transport_->fd(), EV_READ, this);
  late_.after(deadline);
}

void ProgramCall::on_readable(short) {
  std::array<std::byte, 4096> buffer;
  const IoResult got = transport_->read(buffer);
  if (got.status == IoStatus::kAgain) return;
  if (got.status != IoStatus::kDone) {
    finish(Error::closed("the program has ended before it wrote anything"));
    return;
  }
  std::string first(reinterpret_cast<const char*>(buffer.data()), got.bytes);
  finish(Begun{std::move(transport_), std::move(first)});
}

void ProgramCall::finish(Result<Begun> result) {
  watch_.stop();
  late_.cancel();
  if (!result) transport_.reset();
  auto then = std::move(then_);
  then(std::move(result));  // may destroy this
}

}  // namespace lb
