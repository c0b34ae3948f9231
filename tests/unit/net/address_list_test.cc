#include "net/address/address_list.h"

#include <map>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

struct Parsed {
  AddressList list;
  std::map<std::size_t, std::string> refused;
};

Parsed parse(const std::vector<std::string>& entries) {
  Parsed parsed;
  parsed.list = AddressList::parse(
      entries, [&](std::size_t index, const std::string& why) { parsed.refused[index] = why; });
  return parsed;
}

bool has(const std::vector<std::string>& entries, const char* address) {
  return parse(entries).list.contains(*Address::parse(address, 4711));
}

}  // namespace

TEST_GROUP(AddressList){};

TEST(AddressList, AnEmptyListContainsNoAddress) {
  CHECK(parse({}).list.empty());
  CHECK(!has({}, "127.0.0.1"));
  CHECK(!parse({"10.0.0.1"}).list.empty());
  CHECK(!parse({"*"}).list.empty());
  CHECK(!parse({"::1"}).list.empty());
}
TEST(AddressList, FindsALiteralAddressInAnyOfItsSpellings) {
  CHECK(has({"192.0.2.7"}, "192.0.2.7"));
  CHECK(has({" 192.0.2.7\r"}, "192.0.2.7"));
  CHECK(has({"::ffff:192.0.2.7"}, "192.0.2.7"));
  CHECK(!has({"192.0.2.7"}, "192.0.2.8"));
  CHECK(has({"2001:DB8:0:0::1"}, "2001:db8::1"));
  CHECK(has({"[2001:db8::1]"}, "2001:db8::1"));
  CHECK(!has({"2001:db8::1"}, "2001:db8::2"));
}
TEST(AddressList, ABlockHoldsItsFirstAndLastAddressAndNoMore) {
  CHECK(has({"10.1.2.0/23"}, "10.1.2.0"));
  CHECK(has({"10.1.2.0/23"}, "10.1.3.255"));
  CHECK(!has({"10.1.2.0/23"}, "10.1.1.255"));
  CHECK(!has({"10.1.2.0/23"}, "10.1.4.0"));
  CHECK(has({"2001:db8:8000::/33"}, "2001:db8:ffff::1"));
  CHECK(!has({"2001:db8:8000::/33"}, "2001:db8:7fff:ffff::"));
  CHECK(has({"192.0.2.7/32"}, "192.0.2.7"));
  CHECK(!has({"192.0.2.7/32"}, "192.0.2.6"));
}
TEST(AddressList, BitsBehindThePrefixDoNotMatter) {
  CHECK(has({"10.1.2.3/8"}, "10.255.0.1"));
  CHECK(has({"2001:db8::77/32"}, "2001:db8:1::"));
}
TEST(AddressList, TheFamiliesStayApart) {
  CHECK(has({"0.0.0.0/0"}, "203.0.113.9"));
  CHECK(!has({"0.0.0.0/0"}, "2001:db8::1"));
  CHECK(has({"::/0"}, "2001:db8::1"));
  CHECK(!has({"::/0"}, "203.0.113.9"));
  CHECK(has({"::ffff:10.0.0.0/104"}, "10.9.9.9"));
  CHECK(!has({"::ffff:10.0.0.0/104"}, "11.0.0.0"));
}
TEST(AddressList, TakesThePatternsOfIcecastKh) {
  CHECK(has({"192.168.1.*"}, "192.168.1.200"));
  CHECK(!has({"192.168.1.*"}, "192.168.2.1"));
  CHECK(has({"10.*"}, "10.2.3.4"));
  CHECK(!has({"10.*"}, "100.2.3.4"));
  CHECK(has({"10.*.*.7"}, "10.2.3.7"));
  CHECK(!has({"10.*.*.7"}, "10.2.3.8"));
  CHECK(has({"192.168.1.1?"}, "192.168.1.12"));
  CHECK(!has({"192.168.1.1?"}, "192.168.1.1"));
  CHECK(has({"[12].2.3.4"}, "2.2.3.4"));
  CHECK(has({"2001:DB8:*"}, "2001:db8:5::1"));
  CHECK(!has({"2001:DB8:*"}, "2001:db9::1"));
  CHECK(has({"*"}, "2001:db9::1"));
  CHECK(has({"*"}, "127.0.0.1"));
}
TEST(AddressList, OverlappingAndUnsortedBlocksAreOneSet) {
  const std::vector<std::string> entries = {"10.9.0.0/16", "10.0.0.0/8",   "192.0.2.9",
                                            "10.1.1.1",    "192.0.2.0/24", "1.1.1.1"};
  for (const char* address :
       {"10.0.0.0", "10.1.1.1", "10.9.3.3", "10.255.255.255", "192.0.2.200", "1.1.1.1"})
    CHECK(has(entries, address));
  for (const char* address : {"9.255.255.255", "11.0.0.0", "192.0.3.0", "1.1.1.0", "1.1.1.2"})
    CHECK(!has(entries, address));
}
TEST(AddressList, ReportsWhichEntriesCanNeverMatch) {
  const std::vector<std::string> bad = {"",
                                        "proxy.example.org",
                                        "10.0.0.0/33",
                                        "2001:db8::/129",
                                        "10.0.0/8",
                                        "10.0.0.0/",
                                        "10.0.0.0/8a",
                                        "10.0.0.0/+8",
                                        "10.0.0.0/255.0.0.0",
                                        "*.example.org",
                                        "300.*",
                                        "010.*",
                                        "1.2.3.4.*",
                                        "1.2.?",
                                        "1.2.3",
                                        "fe80::1%eth0",
                                        "10.0.0.*/24"};
  const Parsed parsed = parse(bad);
  CHECK(parsed.list.empty());
  for (std::size_t i = 0; i < bad.size(); ++i) {
    CHECK_TEXT(parsed.refused.count(i) == 1, bad[i].c_str());
    CHECK(!parsed.refused.at(i).empty());
  }
}
TEST(AddressList, ABadEntryDoesNotSpoilTheOthers) {
  const Parsed parsed = parse({"nobody", "192.0.2.7"});
  LONGS_EQUAL(1, parsed.refused.size());
  CHECK(parsed.list.contains(*Address::parse("192.0.2.7", 0)));
}
TEST(AddressList, EveryPrefixLengthIsExactAtItsEdges) {
  for (unsigned bits = 1; bits <= 32; ++bits) {
    const auto list = parse({"170.85.170.85/" + std::to_string(bits)}).list;
    const auto at = [](std::uint32_t v) {
      return *Address::parse(std::to_string(v >> 24) + "." + std::to_string(v >> 16 & 255) + "." +
                                 std::to_string(v >> 8 & 255) + "." + std::to_string(v & 255),
                             0);
    };
    const std::uint32_t mask = 0xffffffffu << (32 - bits);
    const std::uint32_t first = 0xaa55aa55u & mask, last = first | ~mask;
    CHECK(list.contains(at(first)));
    CHECK(list.contains(at(last)));
    CHECK(!list.contains(at(first - 1)));
    CHECK(!list.contains(at(last + 1)));
  }
}
