// NodeCopies: the records of a lost store, joined from what its nodes have kept of it (conf.cache).
//
// A node has every mount and every ban, but the hashes of sources only where a source of the mount
// may come.  So the newest copy says which records there are and what they say, and each hash is of
// the newest copy that has it.  A mount that is in an older copy only was deleted since.
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
  // Sentences on what is missing, or may be an older one.
  std::vector<std::string> remarks;
};

// master: whose store it was; where no copy has heard of this master, the store is that of all of
// them.
Result<JoinedCopies> join_node_copies(const std::vector<NodeCopy>& copies, std::string_view master);

}  // namespace lb
