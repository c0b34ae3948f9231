// ExternalBook: the mounts in force from an external configuration, and the rules for removing
// them.
//
// A broken backend may omit mounts.  A mount that is missing in a good list is first asked for by
// name.  To remove more than kMaxAtOnce mounts, or more than half, as many good lists in a row must
// lack them as the rules say (a 304 counts), or an administrator confirms it.  Lists are counted
// for each name.  An empty list needs a confirmation.  A mount with faults keeps its last good
// form.  Mounts known only by name, and in no list, are asked for again periodically; two answers
// without one, and a good list between them, remove it: a 404 may come from a gateway whose backend
// is away, and lists fail then.  More than kMaxAtOnce of them need as many more answers as a list
// needs, two at least.
// Thread: one; a pure state machine; the caller fetches.
// Bounds: kMaxHeld mounts, which allows a whole list besides the last one; a further mount has a
// fault until others are gone.
// Source: doc/external.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/mounts/external_list.h"
#include "config/settings/mount_book.h"

namespace lb {

class ExternalBook {
 public:
  static constexpr std::size_t kMaxAtOnce = 20;
  static constexpr std::size_t kMaxHeld = 2 * kMaxExternalMounts;

  struct Rules {
    unsigned confirm = 2;  // good lists in a row; 0: only an administrator
    bool allow_empty = false;
  };
  // The next actions.
  struct Step {
    bool changed = false;              // records() has changed
    std::vector<std::string> ask;      // by name; the answers go to missing_answered()
    std::vector<std::string> removed;  // no longer in force
    bool waits = false;                // a removal now waits for confirmation
  };
  // A waiting removal.
  struct Pending {
    std::string identity;  // of the list
    std::vector<std::string> names;
    unsigned seen = 1;  // lists in a row without the latest of the names
    bool by_hand = false;
  };

  void set_rules(Rules rules) { rules_ = rules; }
  // The copy on disk, at the start.
  void restore(ExternalList copy);

  // identity: the ETag of a whole list, or a digest of it.
  Step list_came(std::vector<ExternalMount> mounts, const std::string& identity);
  // 304.
  Step same_list();
  // The answers about the names of Step::ask.
  Step missing_answered(const std::vector<std::string>& asked, std::vector<ExternalMount> found);
  // No answer: they are asked for again with the next list, changed or not.
  void missing_unanswered(std::vector<std::string> asked) { unanswered_ = std::move(asked); }
  // Answers about names that were unknown, or in force by name.
  Step names_answered(const std::vector<std::string>& asked, std::vector<ExternalMount> found);
  // Errors: kNotFound: no removal waits for this list.
  Result<Step> confirm(std::string_view identity);

  const MountRecords& records() const noexcept { return records_; }
  std::vector<ExternalMount> copy() const;
  // The list's identity if the copy equals it, so that a 304 is accepted after a restart; or "".
  std::string_view copied_identity() const;
  std::vector<std::string> by_name() const;
  bool knows(std::string_view mount) const { return held_.find(mount) != held_.end(); }
  std::size_t size() const noexcept { return held_.size(); }
  const std::optional<Pending>& pending() const noexcept { return pending_; }
  const std::string& identity() const noexcept { return identity_; }
  // Faults of mounts, in force or not: by name, or by index without a name.
  using Faults = std::map<std::string, std::vector<RecordFault>, std::less<>>;
  const Faults& faults() const noexcept { return faults_; }

 private:
  struct Held {
    bool by_name = false;
    unsigned absent = 0;          // answers for its name without it
    unsigned missed = 0;          // good lists in a row without it
    std::uint64_t absent_at = 0;  // lists_ at the latest of `absent`
  };
  bool put(const std::shared_ptr<const MountRecord>& record, bool by_name);
  void no_room_for(const std::string& mount, std::size_t limit);
  // Removes the names that were missing often enough; the others wait.
  Step remove_or_wait(std::vector<std::string> gone);
  void remove(const std::vector<std::string>& names, Step& step);
  Step count_again();

  Rules rules_;
  std::map<std::string, Held, std::less<>> held_;
  MountRecords records_;  // of these
  Faults faults_;
  std::string identity_;
  std::set<std::string, std::less<>> missing_;  // from that list
  std::vector<std::string> unanswered_;
  std::uint64_t lists_ = 0;  // good ones, a 304 too
  std::optional<Pending> pending_;
  bool refused_for_room_ = false;  // a mount of the last list
};

}  // namespace lb
