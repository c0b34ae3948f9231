// The orders that a master may send to this node over its link; executed as the administrator's
// commands are.
// Source: doc/link.md, CMD.
// Thread: control.
//
// A master's orders reach its own streams: those that are relayed from it at this moment, and those
// whose mount has a record of it here (ConfService::is_record_of), wherever their source is.  They
// do not reach mounts of this node's own file and the streams of other masters, nor move listeners
// there: the listeners might not be allowed there.
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
  // Whether the mount is relayed from the master that orders, or is one of its records.
  std::function<bool(const std::string& mount)> is_its;
};
// "": the order is allowed; otherwise why not.
std::string why_refused(const CommandFrame& command, const OrderRights& rights);

// Tells the listeners of a mount, where this master may order them about.
void send_listeners(Station& station, const AskFrame& ask, const OrderRights& rights,
                    std::function<void(TellFrame)> then);

// The title that a node of the mount's source is to set, in UTF-8.
CommandFrame title_order(const std::string& mount, const TitleRequest& request,
                         std::string_view mount_charset);

// `then` is called once, now or later; the caller sets the number of the result.
void carry_out_order(Station& station, const CommandFrame& command, const OrderRights& rights,
                     std::function<void(ResultFrame)> then);

}  // namespace lb
