// ConfService: the settings that the masters of this node send it to enforce, with their copy on
// the disk.
//
// Mounts and bans go to RecordService, as if they came from a store; keys, epochs, masters and
// ended logins go to LoginService; mounts of masters' external configurations to the overlay,
// unless this server has its own.  A server with its own <store> takes nothing.  A start without
// masters uses the copy, conf.cache in the state directory; its mode is 0600, as it has hashes of
// source logins.  An upgrade hands over the settings in force, so that limits and logins are known
// before the links are made again.
//
// Thread: control.
// Ownership: Services.
// Source: doc/stores.md; cluster/link/conf_book.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "cluster/link/conf_book.h"
#include "config/mounts/overlay.h"
#include "net/loop/saved_copy.h"

namespace lb {

struct Network;

class ConfService {
 public:
  explicit ConfService(Network& network);

  // share(): the masters' settings as text in a file, for an upgrade; invalid: no settings, or no
  // memory. take_over(): uses the former process's settings instead of the copy.  REQUIRES: before
  // restore()
  UniqueFd share() const;
  void take_over(const UniqueFd& shared);
  // Reads the copy of the last run.  REQUIRES: before the loops start
  struct Restored {
    MountRecords records, external;
    bool known = false;  // there was a copy of each master
  };
  Restored restore(const Config& config);
  void stop();
  // Called when this server no longer has an external configuration of its own.
  void external_is_free();
  // Whether the mount is defined by a record or an external mount of this master, which may
  // therefore control the mount.
  bool is_record_of(const std::string& master, const std::string& mount) const;

 private:
  void take(const std::string& master, const ConfFrame& frame);
  void masters_changed();
  void settle();
  void came();
  bool knows_masters() const;
  void publish_logins();
  void accounts_closed();
  void take_https();  // certificates, and challenges of their authorities
  void complain(const std::vector<std::string>& complaints);
  SavedCopy::Write copy();

  Network& network_;
  ConfBook book_;
  bool own_store_ = false;
  std::uint64_t number_ = 0;           // of the last change passed on
  std::uint64_t external_wanted_ = 0;  // number of the last parsing requested
  std::string path_;                   // "": there is no copy
  std::optional<std::string> shared_;  // of the former process, until restore()
  bool stopped_ = false;
  bool first_ = true;    // the masters have not been read yet
  bool warned_ = false;  // a missing place was logged
  SavedCopy copy_;       // last: it reads the members above
};

}  // namespace lb
