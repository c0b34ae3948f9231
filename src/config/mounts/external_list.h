// External list: what a backend says of mounts, as JSON.
//
// {"version": 1, "mounts": [{"mount": "/a", "settings": {…}, …}], "next": "/page2"}: each mount is
// a record (config/mounts/mount_record.h) as an administrator may set it.  One bad mount is one
// fault; the others are taken.
// Thread: pure functions; a list of 10,000 mounts takes the clerk some 200 ms.
// Bounds: 16 MiB, 10,000 mounts.
// Errors: kInvalid: it is no such list, and nothing of it may be believed.
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
  std::vector<RecordFault> faults;  // none: the record may be used; pointers into the list
  bool by_name = false;             // of our own copy: it was asked for, and is in no list
};

struct ExternalList {
  std::vector<ExternalMount> mounts;  // each name once; the first counts
  std::string next;                   // "": the list is whole
  std::string etag;                   // of our own copy
};

Result<ExternalList> parse_external_list(std::string_view json);

// Our own copy of what is in force, for the next start.
std::string external_list_json(const std::vector<ExternalMount>& mounts, std::string_view etag);

// The address of a page: `next` is a path, or an address of the same server.
Result<std::string> external_page_url(std::string_view url, std::string_view next);
// With these behind its query; names are percent-encoded and separated by commas.
std::string external_url(std::string_view url, std::string_view node, std::string_view epoch,
                         const std::vector<std::string>& names = {});

}  // namespace lb
