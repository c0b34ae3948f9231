// The address that a request was sent to, where past_stage() or hls_path_stage() has shortened it
// to its mount.
// Thread: the connection's worker.
#pragma once

#include <string>
#include <string_view>

#include "http/connection.h"

namespace lb {

const std::string& asked_path(Connection& connection);
std::string asked_query(Connection& connection);
// The mount that a path belongs to: for HLS the path without the name of the list.
std::string mount_of_address(const std::string& path);

// Paths that are the server's own, and never a mount's: "/_lb/…".
bool is_own_path(std::string_view path);

}  // namespace lb
