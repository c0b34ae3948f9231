// NodeCopies: the records of a lost store, joined from the copies of its nodes (conf.cache).
//
// A node has every mount and every ban, but hashes of sources only where a source of the mount may
// connect.  So the newest copy decides which records exist and what they contain, and each hash
// comes from the newest copy that has it.  A mount that only an older copy has was deleted since.
//
// Thread: pure functions.
// Errors: kNotFound: no copy has records of a store; kInvalid: they are of several stores.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/link/conf_book.h"
#include "registry/registry.h"

namespace lb {

struct NodeCopy {
  std::string path;
  ConfBook book;
};

struct JoinedCopies {
  std::string store;  // the name of its life: "4f1c….2"
  RegistryContent content;
  // Sentences about records that are missing or may be outdated.
  std::vector<std::string> remarks;
};

// master: the owner of the store; if no copy knows this master, all copies are of one store.
Result<JoinedCopies> join_node_copies(const std::vector<NodeCopy>& copies, std::string_view master);

}  // namespace lb
