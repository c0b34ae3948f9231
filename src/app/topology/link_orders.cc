#include "app/topology/link_orders.h"

#include <algorithm>
#include <utility>

#include "admin/command/station.h"
#include "base/cat.h"
#include "media/metadata.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

using Then = std::function<void(ResultFrame)>;

void kick(Station& station, const CommandFrame& command, const Then& then) {
  if (command.encoder != 0)
    return station.kill_encoder(
        command.mount, command.encoder, [then](const OrderOutcome& outcome) {
          then({0, outcome.done,
                outcome.done ? "the encoder is ended" : "there is no such encoder"});
        });
  if (command.listener == 0)
    return station.kill_source(command.mount, [then](const OrderOutcome& outcome) {
      then({0, outcome.done, outcome.done ? "the source is ended" : "there is no such source"});
    });
  station.kill_listener(command.mount, command.listener, [then](const OrderOutcome& outcome) {
    then({0, outcome.done, outcome.done ? "the listener is ended" : "there is no such listener"});
  });
}

void move(Station& station, const CommandFrame& command, const Then& then) {
  const MountState state = station.state_of(command.to);
  // An idle on-demand relay starts with the listener.
  if (state != MountState::kRunning && state != MountState::kIdle)
    return then({0, false, cat({"mount ", command.to, " does not play"})});
  if (command.listener != 0)
    return station.move_listener(
        command.mount, command.listener, command.to, [then](const std::string& why) {
          then(
              {0, why.empty(), why.empty() ? "the listener is moved" : why, why.empty() ? 1U : 0U});
        });
  const MoveOffer offer = station.move_offer(command.mount, command.to);
  if (!offer.possible)
    return then({0, false,
                 cat({"no listener is moved: ", command.mount, " is ", offer.from_type, ", ",
                      command.to, " is ", offer.to_type})});
  station.move_listeners(command.mount, command.to, [then](const MoveOutcome& outcome) {
    then({0, true, cat({outcome.moved, " listeners are moved"}), outcome.moved});
  });
}

void set_fallback(Station& station, const CommandFrame& command, const Then& then) {
  station.set_fallback(command.mount, command.to, [then](const std::string&) {
    then({0, true, "the fallback is set"});
  });
}

void set_title(Station& station, const CommandFrame& command, const Then& then) {
  TitleRequest request = TitleRequest::of_texts(command.artist, command.title, command.url);
  request.art = name_in_picture_path(command.art);
  if (!command.next.empty()) request.next = command.next;
  request.details = command.about;
  request.next_details = command.next_about;
  if (command.wall_ms > 0) request.at_ms = command.wall_ms;
  station.set_title(command.mount, std::move(request), [then](const TitleOutcome& outcome) {
    const bool done = outcome.verdict == TitleVerdict::kDone;
    then({0, done, done ? "the title is set" : "the title cannot be set"});
  });
}

std::string not_its(const std::string& mount) {
  return cat({"mount ", mount,
              " is not relayed from this master, and no record of this master is in force for it"});
}

void drain(Station& station, DrainMode mode, const Then& then) {
  if (mode == DrainMode::kOff) {
    const auto done = station.undrain();
    return then({0, done.has_value(), done ? "off" : done.error().what});
  }
  DrainRequest request;
  request.asked_by = "a master of the cluster";
  request.mode = mode;
  const auto done = station.drain(std::move(request));
  then({0, done.has_value(), done ? std::string(to_text(mode)) : done.error().what});
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
  const bool names_other = command.verb == CommandFrame::Verb::kMove ||
                           (command.verb == CommandFrame::Verb::kFallback && !command.to.empty());
  if (names_other && !rights.is_its(command.to)) return not_its(command.to);
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

CommandFrame title_order(const std::string& mount, const TitleRequest& request,
                         std::string_view mount_charset) {
  const auto utf8 = [&](const std::optional<std::string>& text) {
    return make_icy_metadata(text.value_or(""), "", request.charset, mount_charset).title;
  };
  CommandFrame order;
  order.verb = CommandFrame::Verb::kMetadata;
  order.mount = mount;
  order.title = utf8(request.song ? request.song : request.title);
  if (!request.song) order.artist = utf8(request.artist);
  order.url = utf8(request.url);
  order.art = request.art;
  order.next = request.next.value_or("");
  order.about = request.details;
  order.next_about = request.next_details;
  order.wall_ms = request.at_ms.value_or(0);
  return order;
}

void carry_out_order(Station& station, const CommandFrame& command, const OrderRights& rights,
                     std::function<void(ResultFrame)> then) {
  const bool about_mount = command.verb != CommandFrame::Verb::kDrain;
  if (about_mount && rights.streams && station.state_of(command.mount) == MountState::kUnknown)
    return then({0, false, "there is no mount " + command.mount});
  if (std::string why = why_refused(command, rights); !why.empty())
    return then({0, false, std::move(why)});
  switch (command.verb) {
    case CommandFrame::Verb::kKick:
      return kick(station, command, then);
    case CommandFrame::Verb::kMove:
      return move(station, command, then);
    case CommandFrame::Verb::kMetadata:
      return set_title(station, command, then);
    case CommandFrame::Verb::kFallback:
      return set_fallback(station, command, then);
    case CommandFrame::Verb::kDrain:
      return drain(station, command.drain, then);
  }
}

}  // namespace lb
