#include "app/link_orders.h"

#include <utility>

namespace lb {
namespace {

using Answer = std::function<void(bool done, std::string why)>;

void kick(Station& station, const CommandFrame& command, const Answer& answer) {
  if (command.listener == 0) {
    station.kill_source(command.mount);
    answer(true, "the source is ended");
    return;
  }
  station.kill_listener(command.mount, command.listener, [answer](bool found) {
    answer(found, found ? "the listener is ended" : "there is no such listener");
  });
}

void move(Station& station, const CommandFrame& command, const Answer& answer) {
  if (station.state_of(command.to) != MountState::kRunning) {
    answer(false, "mount " + command.to + " does not play");
    return;
  }
  station.move_listeners(command.mount, command.to, [answer](std::uint64_t moved) {
    answer(true, std::to_string(moved) + " listeners are moved");
  });
}

void set_title(Station& station, const CommandFrame& command, const Answer& answer) {
  TitleRequest title;
  if (command.artist.empty()) {
    title.song = command.title;
  } else {
    title.artist = command.artist;
    title.title = command.title;
  }
  if (!command.url.empty()) title.url = command.url;
  title.charset = "UTF-8";
  station.set_title(command.mount, std::move(title), [answer](TitleVerdict verdict) {
    const bool done = verdict == TitleVerdict::kDone;
    answer(done, done ? "the title is set" : "the title cannot be set");
  });
}

void drain(Station& station, DrainMode mode, const Answer& answer) {
  if (mode == DrainMode::kOff) {
    const auto done = station.undrain();
    answer(done.has_value(), done ? "off" : done.error().what);
    return;
  }
  DrainRequest request;
  request.asked_by = "a master of the cluster";
  request.mode = mode;
  const auto done = station.drain(std::move(request));
  answer(done.has_value(), done ? std::string(to_text(mode)) : done.error().what);
}

}  // namespace

void carry_out_order(Station& station, const CommandFrame& command,
                     std::function<void(ResultFrame)> then) {
  const Answer answer = [then = std::move(then)](bool done, std::string why) {
    then(ResultFrame{0, done, std::move(why)});
  };
  if (command.verb == CommandFrame::Verb::kDrain) {
    drain(station, command.drain, answer);
    return;
  }
  if (station.state_of(command.mount) == MountState::kUnknown) {
    answer(false, "there is no mount " + command.mount);
    return;
  }
  switch (command.verb) {
    case CommandFrame::Verb::kKick:
      kick(station, command, answer);
      return;
    case CommandFrame::Verb::kMove:
      move(station, command, answer);
      return;
    case CommandFrame::Verb::kMetadata:
      set_title(station, command, answer);
      return;
    case CommandFrame::Verb::kDrain:
      return;  // asked above: it names no mount
  }
}

}  // namespace lb
