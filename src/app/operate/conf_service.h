// ConfService: what the masters of this node tell it to enforce, and the copy of that on the disk.
//
// Mounts and bans go to RecordService, which lays them over the configuration as those of a store;
// keys, epochs, masters and ended logins to LoginService; what masters ask of an external
// configuration to the overlay, unless this server asks one itself.  A server with a <store> of its
// own takes nothing. The copy, conf.cache in the state directory, is what a start without masters
// begins with.  It holds hashes of sources that may come to this node, so it is the server's own
// (0600).  The next process of an upgrade begins with what is in force here: no limit and no login
// of a mount is unknown until the links are made again.
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

  // All that masters say, as text in a file, for an upgrade; invalid: nothing is said, or there is
  // no memory.  Of the process before, in place of the copy: before restore().
  UniqueFd share() const;
  void take_over(const UniqueFd& shared);
  // The copy of the last run; before the loops start.
  struct Restored {
    MountRecords records, external;
  };
  Restored restore(const Config& config);
  void stop();
  // This server has no external configuration of its own any more.
  void external_is_free();
  // The mount is laid over by a record, or by what masters ask of an external configuration, and
  // that comes from this master, which may therefore control the mount.
  bool is_record_of(const std::string& master, const std::string& mount) const;

 private:
  void take(const std::string& master, const ConfFrame& frame);
  void masters_changed();
  void settle();
  void publish_logins();
  void accounts_closed();
  void take_https();  // certificates, and challenges of their authorities
  void complain(const std::vector<std::string>& complaints);
  SavedCopy::Write copy();

  Network& network_;
  ConfBook book_;
  bool own_store_ = false;
  std::uint64_t number_ = 0;           // of the last change that was handed on
  std::uint64_t external_wanted_ = 0;  // the last parsing that was asked for
  std::string path_;                   // "": there is no place for a copy
  std::optional<std::string> shared_;  // by the process before, until restore()
  bool stopped_ = false;
  bool first_ = true;    // the masters have not been read yet
  bool warned_ = false;  // that there is no place
  SavedCopy copy_;       // last: it takes what has changed before the others end
};

}  // namespace lb
