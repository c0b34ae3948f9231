// The plan that deletes the rows of a person that asks for it.
//
// A person is named by one of its sessions (session=), or by what its number is made of: address=,
// agent= and user= as its requests had them, as long as the keys of those days are there.
// Source: doc/audience.md.
// Thread: that of the audience's database; asked_listener() any.
#pragma once

#include <optional>
#include <string>

#include "api/request/request.h"

namespace lb {

struct PlanContext;

// "?address=&agent=&user=" of a request that deletes; nullopt: it names no listener in that way.
struct AskedListener {
  std::string address, agent, user;
};
std::optional<AskedListener> asked_listener(const ApiRequest& request);

Plan forget_listener(const PlanContext& context);

}  // namespace lb
