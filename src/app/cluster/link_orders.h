// The orders that a master may send to this node over its link; executed as the administrator's
// commands are.
// Source: doc/link.md, CMD.
// Thread: control.
//
// A master's orders reach its own streams: those that are relayed from it at this moment.  They do
// not reach this node's encoders and the streams of other masters, nor move listeners there: the
// listeners might not be allowed there.
#pragma once

#include <functional>
#include <string>

#include "admin/station.h"
#include "cluster/link/frame.h"

namespace lb {

struct OrderRights {
  bool streams = false, drain = false;
  // Whether the mount is relayed from the master that orders.
  std::function<bool(const std::string& mount)> is_its;
};
// "": the order is allowed; otherwise why not.
std::string why_refused(const CommandFrame& command, const OrderRights& rights);

// `then` is called once, now or later; the caller sets the number of the result.
void carry_out_order(Station& station, const CommandFrame& command, const OrderRights& rights,
                     std::function<void(ResultFrame)> then);

}  // namespace lb
