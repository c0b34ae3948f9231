// HeardTitles: tells the audience's database the title that is heard under the name of each mount,
// and when none is: its source has left, or has been followed by one without titles.
//
// Listenings have the name that was asked for.  While a mount is off the air, its listeners hear
// its fallback, so the fallback's titles are told under its name too.
// Thread: control.
// Ownership: Services.
// Bounds: one row for each mount that has a title, or a fallback in the configuration.  A title is
// told under kMaxNames names.  Cost: by those, not by all mounts.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"

namespace lb {

struct Config;
class Mount;
struct MountSettings;
struct Network;

class HeardTitles {
 public:
  static constexpr std::size_t kMaxNames = 100;

  explicit HeardTitles(Network& network) : network_(network) {}

  void configure(const Config& config);
  // The section of this mount has changed.
  void changed(const Config& config, const std::string& name);

  // A source has sent a title; "": it begins without one.
  void titled(const std::string& mount, bool relayed, const std::string& title, WallTime at);
  void begun(const Mount& mount);
  // Its title was told by the former process.
  void taken_over(const Mount& mount);
  // So were those of fallbacks, once all mounts are taken over.
  void resume();
  // It has no source any more, for a while or for good.
  void ended(const Mount& mount);

 private:
  bool tells(const std::string& mount, bool relayed) const;
  void tell(const std::string& name, const std::string& title, WallTime at);
  std::string of_fallback(const Config& config, const std::string& name) const;
  // The mount begins, ends or has another title: so do names whose listeners hear it.
  void see_fallbacks(const std::string& changed, WallTime at);
  void note(const MountSettings& section);
  void note(const Config& config, const std::string& name);
  void note(const std::string& name, const std::string& fallback);

  Network& network_;
  struct Told {
    std::string title;  // "": none, of a mount with a fallback
    WallTime at;        // no title of its fallback was heard there before
  };
  std::map<std::string, Told> told_;                     // by mount
  std::map<std::string, std::string> falls_back_;        // by mount: its fallback
  std::map<std::string, std::set<std::string>> behind_;  // the reverse
};

}  // namespace lb
