// streamlist.txt: the mounts that a master offers, one a line; text → struct.
//
// Source: the format of Icecast 2.4.4 and its relatives: a line is a path, percent-encoded or
// (2.4.4 itself) raw, or "http://host:port/path"; other lines, comments and empty lines are
// ignored.
// The list is untrusted: at most 10 000 mounts, lines of at most 64 KiB; invalid mount names
// (longer than 255 bytes, "..", control characters, /admin, pages) are ignored.
// Thread: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

struct ListedStream {
  std::string mount;  // decoded; the same here and there
  // Of an absolute line; "": the master itself.
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;

  bool operator==(const ListedStream&) const = default;
};

struct StreamList {
  static constexpr std::size_t kMaxBytes = 4 << 20;
  static constexpr std::size_t kLongestLine = 64 << 10;
  static constexpr std::size_t kMaxMounts = 10'000;

  std::vector<ListedStream> streams;  // in the order of the list, each mount once
  std::size_t passed_over = 0;        // lines without a mount
  bool too_many = false;              // more than kMaxMounts
  // The last line is incomplete, so the list was cut off; that line is left out.
  bool cut_off = false;
};

// Error: a line of more than kLongestLine.
Result<StreamList> parse_stream_list(std::string_view text);

}  // namespace lb
