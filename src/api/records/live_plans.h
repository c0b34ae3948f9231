// The plans of a mount's listeners and title, and of /live.
//
// Listeners' addresses are shown only to logins that may see them.  A kick names the listener's
// node; with ?ban=1 its address is banned from this mount.
// Source: doc/api.md.
// Thread: pure functions.
#pragma once

#include <string>

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan list_listeners(const PlanContext& context);
Plan end_listener(const PlanContext& context);
Plan move_listener(const PlanContext& context);
Plan list_titles(const PlanContext& context);
Plan set_mount_title(const PlanContext& context);
Plan set_mount_art(const PlanContext& context);

// The scope of a reader of /live; "": all that its login sees.
struct LiveAsk {
  std::string mount, account;
  bool listeners = false;  // also the mount's listeners
};
LiveAsk asked_live(const ApiRequest& request);
// The row of a listener; since: Unix seconds.
std::string live_listener_json(const ListenerNow& row, bool addresses, std::int64_t since);
// Whether the request may follow the feed; the stage sends the stream itself.
Plan follow_live(const PlanContext& context);

}  // namespace lb
