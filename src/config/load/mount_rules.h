// Rules of a mount that hold for a section of the file and for a record alike: --check-config
// reports them, the API refuses a record by them.
//
// Thread: pure functions.
// Errors: each returns what is wrong, without the name of the element; "": nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/mount/settings.h"

namespace lb {

// The <fallback-mount> of a mount, "" for none.
using FallbackOf = std::function<std::string(std::string_view mount)>;

// The way from `mount` along its fallbacks leads back to `mount`: "/a falls back to /b, and /b to
// /a; no listener finds a stream there".  A circle further on is that of its own mounts.
std::string fallback_fault(std::string_view mount, const FallbackOf& fallback_of);

// HLS is of MP3 and AAC; the ending of the name tells another format.
// Source: doc/hls.md.
std::string hls_fault(std::string_view mount);

// from and until of a login, in Unix seconds; 0: not limited.
std::string hours_fault(const RecordLogin& login);
// What of its weekly hours cannot be understood, each with its place: "/hours/0/days/1".
std::vector<std::pair<std::string, std::string>> weekly_hours_faults(const RecordLogin& login);
// The zone of a login is one that this machine has.  Reads its file.
std::string zone_fault(const RecordLogin& login);

}  // namespace lb
