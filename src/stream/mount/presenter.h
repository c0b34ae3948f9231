// Presenter: the source of a mount whose login is marked `live` in the mount's record.
//
// Listeners see the login's name, so only marked logins are shown.
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lb {

struct MountSettings;
struct SourceFacts;

struct Presenter {
  std::string name;           // of the login
  std::int64_t since_ms = 0;  // on the air since then, Unix

  bool operator==(const Presenter&) const = default;
};

// nullopt: the source is a relay, or its login is not marked.
std::optional<Presenter> presenter_of(const SourceFacts& facts, const MountSettings& section);

}  // namespace lb
