// PastAccessStage: whether the client may have what it asks for of a mount's past, and how far back
// it may go.  401 or 403 where it may not; 404 with the ranges that there are where all of it is
// older than that.
// Thread: its worker.
#pragma once

#include <cstdint>
#include <string>

#include "http/connection.h"
#include "stream/mount/settings.h"

namespace lb {

struct Worker;

class PastAccessStage final : public Stage {
 public:
  explicit PastAccessStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Verdict judge(Connection& connection, const MountSettings& section, bool& administrator);
  Worker& worker_;
};

// The past of a mount is for administrators alone.
bool is_past_closed(const Worker& worker, const MountSettings& section, const std::string& mount);
// Unix ms: nothing older is for this client.
std::int64_t earliest_past_ms(const Worker& worker, Connection& connection,
                              const MountSettings& section, const std::string& mount,
                              bool administrator);

}  // namespace lb
