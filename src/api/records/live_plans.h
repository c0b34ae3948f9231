// The plans of what runs under a mount: its listeners, and its title; and of readers of what is
// live.
//
// Addresses of listeners are shown to logins that may see them.  A kick names the node that has the
// listener; with ?ban=1 its address may not listen to this mount any more.
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
Plan set_mount_title(const PlanContext& context);
Plan set_mount_art(const PlanContext& context);

// What a reader of /live asks for; "": all that its login sees.
struct LiveAsk {
  std::string mount, account;
  bool listeners = false;  // of the mount, each of them
};
LiveAsk asked_live(const ApiRequest& request);
// The row of a listener in it; since: in Unix seconds.
std::string live_listener_json(const ListenerNow& row, bool addresses, std::int64_t since);
// Whether it may: the answer itself is a stream.
Plan follow_live(const PlanContext& context);

}  // namespace lb
