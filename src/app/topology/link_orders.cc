#include "app/topology/link_orders.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

using OrderReply = std::function<void(bool done, std::string why)>;

void kick(Station& station, const CommandFrame& command, const OrderReply& answer) {
  if (command.listener == 0) {
    station.kill_source(command.mount);
    answer(true, "the source is ended");
    return;
  }
  station.kill_listener(command.mount, command.listener, [answer](bool found) {
    answer(found, found ? "the listener is ended" : "there is no such listener");
  });
}

void move(Station& station, const CommandFrame& command, const OrderReply& answer) {
  const MountState state = station.state_of(command.to);
  // An on-demand relay begins with the listener.
  if (state != MountState::kRunning && !(command.listener != 0 && state == MountState::kIdle)) {
    answer(false, cat({"mount ", command.to, " does not play"}));
    return;
  }
  if (command.listener != 0) {
    station.move_listener(command.mount, command.listener, command.to,
                          [answer](const std::string& why) {
                            answer(why.empty(), why.empty() ? "the listener is moved" : why);
                          });
    return;
  }
  const MoveOffer offer = station.move_offer(command.mount, command.to);
  if (!offer.possible) {
    answer(false, cat({"no listener is moved: ", command.mount, " is ", offer.from_type, ", ",
                       command.to, " is ", offer.to_type}));
    return;
  }
  station.move_listeners(command.mount, command.to, [answer](std::uint64_t moved) {
    answer(true, cat({moved, " listeners are moved"}));
  });
}

void set_title(Station& station, const CommandFrame& command, const OrderReply& answer) {
  TitleRequest request = TitleRequest::of_texts(command.artist, command.title, command.url);
  request.art = name_in_picture_path(command.art);
  if (!command.next.empty()) request.next = command.next;
  request.details = command.about;
  request.next_details = command.next_about;
  if (command.wall_ms > 0) request.at_ms = command.wall_ms;
  station.set_title(command.mount, std::move(request), [answer](TitleVerdict verdict) {
    const bool done = verdict == TitleVerdict::kDone;
    answer(done, done ? "the title is set" : "the title cannot be set");
  });
}

std::string not_its(const std::string& mount) {
  return cat({"mount ", mount,
              " is not relayed from this master, and no record of this master is in force for it"});
}

void drain(Station& station, DrainMode mode, const OrderReply& answer) {
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

std::string why_refused(const CommandFrame& command, const OrderRights& rights) {
  if (command.verb == CommandFrame::Verb::kDrain)
    return rights.drain
               ? ""
               : "the configuration here does not let this master drain (<orders> of its <master>)";
  if (!rights.streams)
    return "the configuration here takes no orders of this master (<orders> of its <master>)";
  if (!rights.is_its(command.mount)) return not_its(command.mount);
  if (command.verb == CommandFrame::Verb::kMove && !rights.is_its(command.to))
    return not_its(command.to);
  return "";
}

void send_listeners(Station& station, const AskFrame& ask, const OrderRights& rights,
                    std::function<void(TellFrame)> then) {
  CommandFrame as_order;
  as_order.mount = ask.mount;
  if (std::string why = why_refused(as_order, rights); !why.empty())
    return then({ask.number, {}, false, std::move(why)});
  const std::size_t most = std::min(ask.most, kMaxReportedRows);
  station.listeners_page(ask.mount, ask.after, most, [ask, then](ListenerPage page) {
    TellFrame frame = tell_frame(ask, std::move(page.rows));
    frame.more = frame.more || page.more;
    then(std::move(frame));
  });
}

void carry_out_order(Station& station, const CommandFrame& command, const OrderRights& rights,
                     std::function<void(ResultFrame)> then) {
  const OrderReply answer = [then = std::move(then)](bool done, std::string why) {
    then(ResultFrame{0, done, std::move(why)});
  };
  const bool about_mount = command.verb != CommandFrame::Verb::kDrain;
  if (about_mount && rights.streams && station.state_of(command.mount) == MountState::kUnknown) {
    answer(false, "there is no mount " + command.mount);
    return;
  }
  if (std::string why = why_refused(command, rights); !why.empty()) {
    answer(false, std::move(why));
    return;
  }
  if (command.verb == CommandFrame::Verb::kDrain) {
    drain(station, command.drain, answer);
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
