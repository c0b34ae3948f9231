// LetIn: that a listener has been let in, and on which terms.  auth_stage() has asked the
// authenticator of the path that was asked for; without one no listener is.
//
// Thread: the worker of the connection.
// Ownership: the request's context, until a listener or a session of HLS begins.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "stream/listener/end_notice.h"

namespace lb {

struct LetIn {
  // kRelay: limits of listeners do not hold.
  enum class As : std::uint8_t { kNot, kListener, kRelay };

  As as = As::kNot;
  std::optional<std::chrono::seconds> time_limit;
  // When its listening ends; of its places by address too (app/join/listener_places.h).
  std::unique_ptr<EndNotice> notice;

  bool authorised() const noexcept { return as != As::kNot; }
  bool is_relay() const noexcept { return as == As::kRelay; }
};

}  // namespace lb
