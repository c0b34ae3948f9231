// The configuration that a request is answered by, and its section of the mount: one round of the
// stages sees one.  They are looked up when they are first asked for, and again when the request
// has waited, perhaps for a mount that a new configuration has.
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
  const MountSettings* section = nullptr;  // in it, of this path
  std::string path;
};

const std::shared_ptr<const Config>& config_of(const Runtime& runtime, Connection& connection);
// Its section for the path of the request, or for another mount; until the answer is out, or the
// request waits.
const MountSettings& section_of(const Runtime& runtime, Connection& connection);
const MountSettings& section_of(const Runtime& runtime, Connection& connection,
                                std::string_view mount);

}  // namespace lb
