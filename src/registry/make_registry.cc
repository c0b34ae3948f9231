#include "registry/make_registry.h"

#include <utility>

#include "registry/etcd_registry.h"
#include "registry/file_registry.h"

namespace lb {

std::unique_ptr<Registry> make_registry(const StoreSettings& settings, Loop& control, Loop& disk,
                                        Log& log, RecordDirectory::Judge judge) {
  switch (settings.type) {
    case StoreType::kFiles:
      return std::make_unique<FileRegistry>(control, disk, settings.path, log, std::move(judge));
    case StoreType::kEtcd:
      return std::make_unique<EtcdRegistry>(control, disk, settings, log);
    case StoreType::kNone:
      break;
  }
  return nullptr;
}

}  // namespace lb
