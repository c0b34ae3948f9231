// ServerStation: commands about the archive.
#include <memory>
#include <utility>

#include "admin/command/recordings.h"
#include "app/pages/archive_sight.h"
#include "app/pages/station.h"
#include "app/services/archive_service.h"
#include "app/services/services.h"
#include "archive/record/archive_writer.h"

namespace lb {

void ServerStation::archive(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
                            Then<ArchiveSight> then) {
  auto answer = std::make_shared<Then<ArchiveSight>>(std::move(then));
  gather_archive(*services_.archive,
                 {mount, !mount.empty(), from_ms, to_ms, unix_ms(services_.clock.wall())},
                 [this, answer](ArchiveSight sight) {
                   auto seen = std::make_shared<ArchiveSight>(std::move(sight));
                   services_.loops.control().post([answer, seen] { (*answer)(std::move(*seen)); });
                 });
}

void ServerStation::remove_recorded(const std::string& mount, std::int64_t from_ms,
                                    std::int64_t to_ms, Then<std::uint64_t> files) {
  if (!services_.archive->on()) {
    files(0);
    return;
  }
  auto answer = std::make_shared<Then<std::uint64_t>>(std::move(files));
  services_.archive->writer().remove(mount, from_ms, to_ms, [this, answer](std::size_t gone) {
    services_.loops.control().post([answer, gone] { (*answer)(gone); });
  });
}

}  // namespace lb
