// PROXY headers and forwarded addresses: a split changes nothing; no byte behind the header is
// taken; the headers of an untrusted peer never count, and a client is always one that a header
// names.
#include "../tests/unit/media/recorder.h"
#include "check.h"
#include "http/forwarded.h"
#include "net/address/proxy_protocol.h"

using namespace lb;

namespace {

struct Seen {
  ProxyHeader::Status status;
  std::size_t used;
  std::optional<Address> client;
  bool secure;
  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view bytes, Pieces pieces) {
  Rng rng(bytes.size());
  ProxyHeader header;
  std::size_t used = 0;
  for (std::size_t at = 0; at < bytes.size() && header.status() == ProxyHeader::Status::kMore;) {
    const std::size_t n = pieces(rng, bytes.size() - at);
    const std::size_t took = header.feed(bytes.substr(at, n));
    fuzz::must(took <= n, "more bytes than there are");
    used += took;
    fuzz::must(took == n || header.status() != ProxyHeader::Status::kMore,
               "bytes of a header are left");
    at += n;
  }
  return {header.status(), used, header.client(), header.secure()};
}

void check_header(std::string_view bytes) {
  const Seen whole = read(bytes, all_at_once);
  const Seen single = read(bytes, byte_by_byte);
  fuzz::must(whole.status == single.status, "a split changes the status");
  fuzz::must(whole.client == single.client && whole.secure == single.secure,
             "a split changes the client");
  const Seen random = read(bytes, at_random);
  fuzz::must(random.status == whole.status && random.client == whole.client, "a split changes it");
  if (whole.status != ProxyHeader::Status::kDone) {
    fuzz::must(!whole.client && !whole.secure, "half a header names a client");
    return;
  }
  fuzz::must(whole.used == single.used && whole.used == random.used, "a split changes the length");
  // What lies behind the header has no part in it, and the header alone is enough.
  fuzz::must(read(bytes.substr(0, whole.used), all_at_once) == whole,
             "bytes behind the header matter");
  fuzz::must(whole.used > 0 && read(bytes.substr(0, whole.used - 1), all_at_once).status !=
                                   ProxyHeader::Status::kDone,
             "the header ends earlier");
}

void check_forwarded(std::string_view text) {
  static const std::vector<std::string> trusted = {"127.0.0.1", "10.0.0.0/8", "2001:db8::/32",
                                                   "192.168.*"};
  static const AddressList list =
      AddressList::parse(trusted, [](std::size_t, const std::string&) {});
  Headers headers;
  std::string all;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool scheme = !line.empty() && line[0] == 's';
    headers.add(scheme ? "x-forwarded-proto" : "x-forwarded-for",
                std::string(line.substr(scheme ? 1 : 0)));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  const Address stranger = *Address::parse("203.0.113.1", 1),
                proxy = *Address::parse("127.0.0.1", 1);
  const Forwarded untrusted = read_forwarded(list, stranger, headers);
  fuzz::must(untrusted.client == stranger && !untrusted.secure, "a stranger is believed");
  const Forwarded from = read_forwarded(list, proxy, headers);
  // Nothing to the left of the client changes it: a line in front, as a client would send it.
  Headers spoofed;
  spoofed.add("x-forwarded-for", "198.51.100.66");
  for (const auto& [name, value] : headers.all()) spoofed.add(name, value);
  const Forwarded again = read_forwarded(list, proxy, spoofed);
  fuzz::must(again.client == from.client || list.contains(from.client),
             "a client changes its address");
}

void check_list(std::string_view text) {
  std::vector<std::string> entries;
  for (std::size_t at = 0; at <= text.size() && entries.size() < 64;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    entries.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::size_t refused = 0;
  const AddressList all =
      AddressList::parse(entries, [&](std::size_t index, const std::string& why) {
        fuzz::must(index < entries.size() && !why.empty(), "a refusal without a reason");
        ++refused;
      });
  fuzz::must(all.empty() == (refused == entries.size()), "an entry is lost");
  for (const char* probe :
       {"10.0.0.1", "203.0.113.7", "0.0.0.0", "255.255.255.255", "::", "2001:db8::1"}) {
    const Address address = *Address::parse(probe, 0);
    bool any = false;
    for (const std::string& entry : entries)
      any = any || AddressList::parse({&entry, 1}, [](std::size_t, const std::string&) {
                   }).contains(address);
    fuzz::must(any == all.contains(address), "a list differs from its entries");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  check_header(bytes);
  check_forwarded(bytes);
  check_list(bytes);
  return 0;
}
