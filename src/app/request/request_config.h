// The configuration of a request, and its section for the mount.  All stages of one round see the
// same one; both are looked up on first use, and again when the request has waited, as a new
// configuration may have brought the mount.
// Thread: the worker of the connection.
// Ownership: shared; the request's context keeps it (request_context.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/connection.h"

namespace lb {

struct Config;
struct MountSettings;
struct Runtime;

struct PinnedConfig {
  std::shared_ptr<const Config> config;  // of this round of the stages
  unsigned round = 0;
  const MountSettings* section = nullptr;  // the section for this path, in `config`
  std::string path;
};

const std::shared_ptr<const Config>& config_of(const Runtime& runtime, Connection& connection);
// The section for the path of the request, or for another mount; valid until the answer is out or
// the request waits.
const MountSettings& section_of(const Runtime& runtime, Connection& connection);
const MountSettings& section_of(const Runtime& runtime, Connection& connection,
                                std::string_view mount);

}  // namespace lb
