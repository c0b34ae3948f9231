#include "net/address/proxy_protocol.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace lb {
namespace {

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::size_t kLongestLine = 107;
constexpr std::string_view kBlockStart("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kBlockHead = 16;
// A balancer may add the client's certificate.
constexpr std::size_t kLongestBlock = 4096;

constexpr unsigned char kLocal = 0x20, kProxied = 0x21;  // version 2 with its command
constexpr unsigned kOverIpv4 = 1, kOverIpv6 = 2;
constexpr unsigned char kTlsAddition = 0x20, kClientSpeaksTls = 0x01;

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
unsigned short_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

bool begins_alike(std::string_view a, std::string_view b) {
  const std::size_t n = std::min(a.size(), b.size());
  return a.substr(0, n) == b.substr(0, n);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  const auto port = parse_u64(text);
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

std::size_t ProxyHeader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (status_ == Status::kMore && used < bytes.size()) {
    if (begins_alike(bytes_, kBlockStart) && (!bytes_.empty() || bytes[used] == kBlockStart[0])) {
      const std::size_t whole =
          bytes_.size() < kBlockHead ? kBlockHead : kBlockHead + short_at(bytes_, 14);
      const std::size_t n = std::min(whole - bytes_.size(), bytes.size() - used);
      bytes_.append(bytes.substr(used, n));
      used += n;
      if (!begins_alike(bytes_, kBlockStart)) status_ = Status::kBad;
      if (bytes_.size() < kBlockHead || status_ == Status::kBad) continue;
      const std::size_t size = kBlockHead + short_at(bytes_, 14);
      if (size > kLongestBlock) status_ = Status::kBad;
      if (status_ == Status::kMore && bytes_.size() == size) read_block();
    } else {
      bytes_ += bytes[used++];
      const bool ended = bytes_.ends_with("\r\n");
      if (!begins_alike(bytes_, kLineStart) || (!ended && bytes_.size() >= kLongestLine))
        status_ = Status::kBad;
      if (status_ == Status::kMore && ended) read_line();
    }
  }
  return used;
}

// "PROXY TCP4 192.0.2.7 198.51.100.1 4711 8000"
void ProxyHeader::read_line() {
  status_ = Status::kBad;
  const auto words = split(std::string_view(bytes_).substr(0, bytes_.size() - 2), ' ');
  if (words.size() >= 2 && words[1] == "UNKNOWN") {
    status_ = Status::kDone;
    return;
  }
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return;
  const auto from_port = port_of(words[4]);
  const auto to_port = port_of(words[5]);
  if (!from_port || !to_port) return;
  const auto from = Address::parse(words[2], *from_port);
  const auto to = Address::parse(words[3], *to_port);
  const bool dotted =
      words[2].find(':') == std::string_view::npos && words[3].find(':') == std::string_view::npos;
  if (!from || !to || dotted != (words[1] == "TCP4")) return;
  client_ = from;
  status_ = Status::kDone;
}

void ProxyHeader::read_block() {
  status_ = Status::kBad;
  const unsigned command = byte_at(bytes_, 12);
  if (command != kLocal && command != kProxied) return;
  std::string_view rest = std::string_view(bytes_).substr(kBlockHead);
  const unsigned family = byte_at(bytes_, 13) >> 4;
  if (command == kProxied && (family == kOverIpv4 || family == kOverIpv6)) {
    const std::size_t size = family == kOverIpv4 ? 12 : 36;
    if (rest.size() < size) return;
    if (family == kOverIpv4) {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      std::memcpy(&in.sin_addr, rest.data(), 4);
      std::memcpy(&in.sin_port, rest.data() + 8, 2);
      client_ = Address::from_sockaddr(reinterpret_cast<const sockaddr&>(in));
    } else {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      std::memcpy(&in.sin6_addr, rest.data(), 16);
      std::memcpy(&in.sin6_port, rest.data() + 32, 2);
      client_ = Address::from_sockaddr(reinterpret_cast<const sockaddr&>(in));
    }
    status_ = Status::kDone;
    read_additions(rest.substr(size));
    return;
  }
  // LOCAL, or a family without IP addresses: the connection is the balancer's own.
  status_ = Status::kDone;
}

// Additions are type, length, value; a truncated one spoils the header.
void ProxyHeader::read_additions(std::string_view rest) {
  while (!rest.empty()) {
    if (rest.size() < 3 || rest.size() - 3 < short_at(rest, 1)) {
      status_ = Status::kBad;
      client_.reset();
      secure_ = false;
      return;
    }
    const std::string_view value = rest.substr(3, short_at(rest, 1));
    if (byte_at(rest, 0) == kTlsAddition && !value.empty())
      secure_ = (byte_at(value, 0) & kClientSpeaksTls) != 0;
    rest.remove_prefix(3 + value.size());
  }
}

}  // namespace lb
