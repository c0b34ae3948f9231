// SourceAdmission: may this source write this mount, and who writes which now.
//
// Thread: control only.  Ownership: app::Server.
// The right to write travels as a WriterLease: granted here, used by a Source on its home worker,
// given back here.  Two sources on one mount cannot be expressed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "stream/mount_table.h"
#include "stream/server_counters.h"
#include "stream/source_set.h"

namespace lb {

class SourceAdmission {
 public:
  struct Settings {
    std::function<std::shared_ptr<const MountSettings>(std::string_view)> mount;
  };
  // begun: a mount has a source again.  ended: its source has left; both on control.
  struct Listener {
    std::function<void(const std::shared_ptr<Mount>&)> begun, ended;
  };
  SourceAdmission(MountTable& mounts, Log& log, unsigned workers, Settings settings, Listener told, Rng rng);

  // Errors carry Icecast's words for the 403: "Mountpoint in use".  `home`: the worker of the
  // source's connection.
  Result<WriterLease> admit(const std::string& mount, std::shared_ptr<const SourceFacts> facts, unsigned home);
  void give_back(SourceEnd end);

  // Who writes a mount now; null: nobody.
  struct Writer {
    std::shared_ptr<Mount> mount;
    std::uint64_t lease = 0;
    unsigned home = 0;
  };
  const Writer* writer_of(std::string_view mount) const;
  std::size_t sources() const noexcept { return writers_.size(); }
  // The settings may have changed: every mount gets its own anew.
  void settings_changed();

 private:
  MountTable& mounts_;
  Log& log_;
  const unsigned workers_;
  Settings settings_;
  Listener told_;
  Rng rng_;
  std::map<std::string, Writer, std::less<>> writers_;
  std::uint64_t next_lease_ = 1;
};

}  // namespace lb
