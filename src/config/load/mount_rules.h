// Rules of a mount, for sections of the file and records alike: --check-config reports violations,
// the API refuses them.
//
// Thread: pure functions.
// Errors: each returns the fault, without the name of the element; "": none.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/mount/settings.h"

namespace lb {

struct Config;

// The <fallback-mount> of a mount, "" for none.
using FallbackOf = std::function<std::string(std::string_view mount)>;

// Whether the fallbacks of `mount` lead back to it: "/a falls back to /b, and /b to /a; no listener
// finds a stream there".  A circle that starts later is reported for its own mounts.
std::string fallback_fault(std::string_view mount, const FallbackOf& fallback_of);

// The element of the file that needs this name although no <mount> has it; "": none.  A pattern
// needs the names that it matches if it has logins, or is closed.
std::string_view use_in_file(const Config& file, std::string_view mount);

// HLS needs MP3 or AAC; the name's ending shows another format.
// Source: doc/hls.md.
std::string hls_fault(std::string_view mount);

// from and until of a login, in Unix seconds; 0: not limited.
std::string hours_fault(const RecordLogin& login);
// The invalid parts of its weekly hours, with their places: "/hours/0/days/1".
std::vector<std::pair<std::string, std::string>> weekly_hours_faults(const RecordLogin& login);
// Whether this machine has the login's zone.  Reads its file.
std::string zone_fault(const RecordLogin& login);

}  // namespace lb
