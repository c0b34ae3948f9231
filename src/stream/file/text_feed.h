// TextFeed: events as text (text/event-stream) for many readers, in a log behind the ordinary
// fan-out: a reader is a position, and each event is written once.
//
//   id: 5f0c3a91-0000000001f4
//   event: title
//   data: {…}
//
// An event without a type is its data alone, for readers without ids.  The id has the feed's run
// and the position behind the event.  A new reader gets the state first; one that returns goes on
// behind the event with its id, if the window still has that position.
// Thread: append(), beat() and end() on one thread, the writer's; all others any.
// Ownership: shared by the writer and by requests that are about to join.
// Bounds: a window of 64 KiB; a reader that falls behind it is dropped by its fan-out.  An id is
// untrusted: it can only name another position of the same public text.
// Source: WHATWG HTML, "Server-sent events".
#pragma once

#include <cstdint>
#include <memory>
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
  // Sent first to readers of events, of other streams of events too: how long they wait before they
  // come back.  With the time of a connect they are back within 3 s of an upgrade.
  static constexpr std::string_view kRetry = "retry: 2000\n";

  // run: must differ from all earlier feeds of this name.
  static Result<std::shared_ptr<TextFeed>> create(const std::string& name, unsigned workers,
                                                  std::string run);

  // The start of a reader: the text that it gets first (null: none), then the log from there.
  struct Start {
    std::shared_ptr<const Bytes> text;
    std::uint64_t position = 0;
  };
  // last_id: "": a new reader.
  Start start_for(std::string_view last_id) const;

  // The returned loops must be woken.
  Result<Channel::Loops> append(std::string_view event, std::string_view data, SteadyTime now);
  // Sets the state that new readers get, as an event of this type.
  void set_state(std::string_view event, std::string_view data);
  // Writes a comment, or these data, so that both ends notice a dead connection.
  Result<Channel::Loops> beat(SteadyTime now, std::string_view data = {});
  // Its readers are ended, and will connect again.
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
