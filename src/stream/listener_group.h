// ListenerGroup: listeners of one worker that are in no fan-out, because their bytes do not come
// from the end of a log; they are listeners of their mounts in every other way.
// Thread: one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "stream/end_reason.h"
#include "stream/listener.h"

namespace lb {

class ListenerGroup {
 public:
  virtual ~ListenerGroup() = default;
  // Of one mount, or of all when null; f must not end a listener.
  virtual void each(const Mount* mount, const std::function<void(Listener&)>& f) const = 0;
  // False: there is no such listener.
  virtual bool finish(std::uint64_t id, EndReason reason) = 0;
  virtual void finish_all(const Mount* mount, EndReason reason) = 0;
  // How many go on with another mount, each at its next unit.
  virtual std::size_t move(const Mount& from, const std::shared_ptr<Mount>& to) = 0;
  virtual std::size_t size() const noexcept = 0;
};

}  // namespace lb
