// External list: the mounts of a backend, as JSON.
//
// {"version": 1, "mounts": [{"mount": "/a", "settings": {…}, …}], "next": "/page2"}: each mount is
// a record (config/mounts/mount_record.h) as an administrator may set it.  A bad mount is a fault;
// the others are taken.
// Thread: pure functions; a list of 10,000 mounts takes the clerk some 200 ms.
// Bounds: 16 MiB, 10,000 mounts.
// Errors: kInvalid: not such a list; nothing of it is used.
// Source: doc/external.md.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/mounts/mount_record.h"

namespace lb {

constexpr std::size_t kMaxExternalBytes = 16u << 20;
constexpr std::size_t kMaxExternalMounts = 10'000;
constexpr std::size_t kMaxExternalPages = 100;

struct ExternalMount {
  std::string mount;
  std::shared_ptr<const MountRecord> record;
  std::vector<RecordFault> faults;  // empty: usable; pointers are in the list
  bool by_name = false;             // in our copy: it was asked for by name, and is in no list
};

struct ExternalList {
  std::vector<ExternalMount> mounts;  // each name once; the first counts
  std::string next;                   // "": the last page
  std::string etag;                   // of our own copy
};

Result<ExternalList> parse_external_list(std::string_view json);

// Our copy of the mounts in force, for the next start.
std::string external_list_json(const std::vector<ExternalMount>& mounts, std::string_view etag);

// The address of a page: `next` is a path, or an address of the same server.
Result<std::string> external_page_url(std::string_view url, std::string_view next);
// Adds these to the query; names are percent-encoded and separated by commas.
std::string external_url(std::string_view url, std::string_view node, std::string_view epoch,
                         const std::vector<std::string>& names = {});

}  // namespace lb
