// copy_registry(): copies all records of one registry into an empty one: from files to etcd and
// back, and into a new etcd.
//
// An equal record of the target is skipped, so that an interrupted copy can be repeated.  Other
// records of the target are an error before anything is written, unless they are to be replaced:
// then the target has exactly the source's records.  Not copied are made/, which is kept for a day
// and belongs to the revisions of its store, and store/, the name of the store.
// Thread: control.
// Ownership: both registries outlive the call of `done`.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/result.h"
#include "base/unique_function.h"
#include "registry/registry.h"

namespace lb {

enum class CopyOver : bool { kNothing, kEverything };

struct RegistryCopied {
  std::size_t written = 0, there_already = 0;
  std::size_t replaced = 0;  // of those written, the changed ones
  std::size_t removed = 0;
  std::map<std::string, std::size_t> classes;  // of the source, by class: "mounts"
};

// Errors: those of Registry::load(); kNotFound: the source has no records; kDenied: the target has
// records (the text has their number and the first), or was written meanwhile; kClosed: the target
// could not be written, and why.
void copy_registry(Registry& from, Registry& to, CopyOver over,
                   UniqueFunction<void(Result<RegistryCopied>)> done);

// The same for records that were read before.
void copy_records(std::vector<RegistryRecord> records, Registry& to, CopyOver over,
                  UniqueFunction<void(Result<RegistryCopied>)> done);

}  // namespace lb
