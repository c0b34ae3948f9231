// The orders that a master may send to this node over its link; executed like the administrator's
// commands.
// Source: doc/link.md, CMD.
// Thread: control.
//
// A master may order about its own streams: those relayed from it now, and those whose record it
// has sent (ConfService::is_record_of), wherever their source is.  It may neither order about
// mounts of this node's file or other masters' streams, nor move listeners there, where they might
// not be allowed.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cluster/link/frame.h"

namespace lb {

class Station;
struct TitleRequest;

struct OrderRights {
  bool streams = false, drain = false;
  // Whether the mount is relayed from the ordering master, or has a record from it.
  std::function<bool(const std::string& mount)> is_its;
};
// Why the order is refused; "": it is allowed.
std::string why_refused(const CommandFrame& command, const OrderRights& rights);

// Sends the listeners of a mount that this master may order about.
void send_listeners(Station& station, const AskFrame& ask, const OrderRights& rights,
                    std::function<void(TellFrame)> then);

// The order to a node with the mount's source to set this title, in UTF-8.
CommandFrame title_order(const std::string& mount, const TitleRequest& request,
                         std::string_view mount_charset);

// `then` is called once, now or later; the caller sets the number of the result.
void carry_out_order(Station& station, const CommandFrame& command, const OrderRights& rights,
                     std::function<void(ResultFrame)> then);

}  // namespace lb
