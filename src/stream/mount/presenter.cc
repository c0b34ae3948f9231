#include "stream/mount/presenter.h"

#include "base/clock.h"
#include "stream/mount/mount.h"
#include "stream/mount/settings.h"

namespace lb {

std::optional<Presenter> presenter_of(const SourceFacts& facts, const MountSettings& section) {
  if (facts.login.empty()) return std::nullopt;
  for (const RecordLogin& login : section.logins)
    if (login.live && login.user == facts.login)
      return Presenter{login.user, unix_ms(facts.started_wall)};
  return std::nullopt;
}

}  // namespace lb
