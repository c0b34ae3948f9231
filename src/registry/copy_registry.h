// copy_registry(): all records of one registry into another one that has none of its own: from
// files to etcd and back, and into a new etcd.
//
// A key that is there already with the same value is passed over, so that a copy that was broken
// off can be begun again.  Records of the target's own end it before anything is written, unless
// they are to be replaced: then the target has what the source has, and nothing else.  What made/
// holds is not copied: it is kept for a day and belongs to the revisions of its store; nor what
// store/ holds, the name of the store.
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
  std::size_t replaced = 0;  // of those written: there was another value
  std::size_t removed = 0;
  std::map<std::string, std::size_t> classes;  // of the source, by class: "mounts"
};

// Errors: those of Registry::load(); kNotFound: the source has no records; kDenied: the target has
// records of its own (the text has their number and the first), or was written meanwhile; kClosed:
// the target could not be written, and why.
void copy_registry(Registry& from, Registry& to, CopyOver over,
                   UniqueFunction<void(Result<RegistryCopied>)> done);

// The same of records that were read elsewhere.
void copy_records(std::vector<RegistryRecord> records, Registry& to, CopyOver over,
                  UniqueFunction<void(Result<RegistryCopied>)> done);

}  // namespace lb
