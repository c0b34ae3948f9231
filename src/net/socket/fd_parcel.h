// FdParcel: a text with any number of descriptors, in as many messages of an FdChannel as needed.
// The text refers to descriptors by their index in the parcel.
//
// Thread: one at a time; send_parcel() and receive_parcel() wait.
// Ownership: the parcel owns received descriptors.
// Bounds: kMaxParcelBytes, kMaxParcelFds.
// Errors: name what was not sent or received.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket/fd_channel.h"

namespace lb {

constexpr std::size_t kMaxParcelBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxParcelFds = 1 << 20;

struct FdParcel {
  std::string bytes;
  std::vector<UniqueFd> fds;
};

// patience: for each message.
Result<void> send_parcel(FdChannel& channel, std::string_view bytes, std::span<const int> fds,
                         std::chrono::milliseconds patience);
Result<FdParcel> receive_parcel(FdChannel& channel, std::chrono::milliseconds patience);

}  // namespace lb
