#include "net/socket/fd_parcel.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

// The first message has the numbers of bytes and descriptors that follow.
using Sizes = std::array<std::uint64_t, 2>;

}  // namespace

Result<void> send_parcel(FdChannel& channel, std::string_view bytes, std::span<const int> fds,
                         std::chrono::milliseconds patience) {
  const Sizes sizes{bytes.size(), fds.size()};
  std::string head(sizeof sizes, '\0');
  std::memcpy(head.data(), sizes.data(), sizeof sizes);
  if (auto sent = channel.send(head, {}, patience); !sent) return sent;
  while (!bytes.empty() || !fds.empty()) {
    const auto text = bytes.substr(0, std::min(bytes.size(), FdChannel::kMaxBytes));
    const auto some = fds.first(std::min(fds.size(), FdChannel::kMaxFds));
    if (auto sent = channel.send(text, some, patience); !sent) return sent;
    bytes.remove_prefix(text.size());
    fds = fds.subspan(some.size());
  }
  return {};
}

Result<FdParcel> receive_parcel(FdChannel& channel, std::chrono::milliseconds patience) {
  auto head = channel.receive(patience);
  if (!head) return head.error();
  Sizes sizes{};
  if (head->bytes.size() != sizeof sizes || !head->fds.empty())
    return Error::invalid("a parcel begins without its sizes");
  std::memcpy(sizes.data(), head->bytes.data(), sizeof sizes);
  if (sizes[0] > kMaxParcelBytes || sizes[1] > kMaxParcelFds)
    return Error::limit(cat({"a parcel of ", sizes[0], " bytes and ", sizes[1],
                             " descriptors is larger than any may be"}));
  FdParcel parcel;
  while (parcel.bytes.size() < sizes[0] || parcel.fds.size() < sizes[1]) {
    auto part = channel.receive(patience);
    if (!part) return part.error();
    // A message of descriptors alone has one byte, which is not part of the text.
    if (parcel.bytes.size() < sizes[0]) parcel.bytes += part->bytes;
    for (UniqueFd& fd : part->fds) parcel.fds.push_back(std::move(fd));
    if (parcel.bytes.size() > sizes[0] || parcel.fds.size() > sizes[1])
      return Error::invalid("a parcel has more than its sizes tell");
  }
  return parcel;
}

}  // namespace lb
