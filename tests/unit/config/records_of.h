// records_of(): records by their names, as they are laid over a file.
#pragma once

#include <memory>
#include <vector>

#include "config/mounts/mount_record.h"
#include "config/settings/mount_book.h"

namespace lb {

inline MountRecords records_of(const std::vector<MountRecord>& list) {
  MountRecords records;
  for (const MountRecord& one : list)
    records.set(one.mount, std::make_shared<const MountRecord>(one));
  return records;
}

}  // namespace lb
