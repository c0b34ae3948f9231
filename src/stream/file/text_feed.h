// TextFeed: events as text (text/event-stream) for many readers: a log of its own behind the
// ordinary fan-out, so a reader is a position, and an event is written once.
//
//   id: 5f0c3a91-0000000001f4
//   event: title
//   data: {…}
//
// An event without a type is its data alone, for readers that know no ids.
// The id names the feed's run and the byte behind the event.  A newcomer gets the state first; one
// that comes back goes on behind the event whose id it names, while the window has that byte.
// Thread: append(), beat() and end() on one thread, the writer's; all others any.
// Ownership: shared by the writer and by requests that are about to join.
// Bounds: a window of 64 KiB; a reader that is further behind is dropped by its fan-out.  An id is
// what a stranger writes: it names at most another place of the same public text.
// Source: WHATWG HTML, "Server-sent events".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/snapshot.h"
#include "stream/mount/mount.h"

namespace lb {

class TextFeed {
 public:
  static constexpr std::size_t kWindowBytes = 64 * 1024;

  // run: unlike that of any feed of the name before.
  static Result<std::shared_ptr<TextFeed>> create(const std::string& name, unsigned workers,
                                                  std::string run);

  // Where a reader begins: the text that it gets first (null: none), then the log from there.
  struct Start {
    std::shared_ptr<const Bytes> text;
    std::uint64_t position = 0;
  };
  // last_id: "": a newcomer.
  Start start_for(std::string_view last_id) const;

  // The loops that return are to be woken.
  Result<Channel::Loops> append(std::string_view event, std::string_view data, SteadyTime now);
  // What newcomers get from now on, an event of this type.
  void set_state(std::string_view event, std::string_view data);
  // A comment, by which both ends see that the connection lives; or these data.
  Result<Channel::Loops> beat(SteadyTime now, std::string_view data = {});
  // Its readers end, and come back.
  Channel::Loops end();
  SteadyTime last_written() const noexcept { return written_; }
  const std::shared_ptr<Mount>& mount() const noexcept { return mount_; }

 private:
  TextFeed(std::shared_ptr<Mount> mount, std::unique_ptr<StreamLog> log, std::string run);
  std::string print(std::uint64_t begin, std::string_view event, std::string_view data) const;
  Result<Channel::Loops> write(std::string_view text, SteadyTime now);
  Channel::Loops publish(bool ended);

  const std::shared_ptr<Mount> mount_;
  const std::unique_ptr<StreamLog> log_;
  const std::string run_;
  Snapshot<Start> start_;
  SteadyTime written_{};
};

}  // namespace lb
