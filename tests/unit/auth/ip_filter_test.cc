#include "auth/guard/ip_filter.h"

#include <string>
#include <vector>

#include "base/log.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(IpList) {
  std::vector<std::string> complaints;
  IpList list;
  void parse(const std::string& text) { list = IpList::parse(text, complaints); }
  bool has(const char* ip) const { return list.contains(*Address::parse(ip, 0)); }
};

TEST(IpList, LiteralAddressesCommentsAndEmptyLines) {
  parse("# banned\n127.0.0.2\r\n\n  2001:db8::1  # late\n[2001:db8::2]\n");
  LONGS_EQUAL(3, list.size());
  CHECK(has("127.0.0.2"));
  CHECK(has("2001:db8::1"));
  CHECK(has("2001:db8::2"));
  CHECK(!has("127.0.0.1"));
  CHECK(!has("2001:db8::3"));
  LONGS_EQUAL(0, complaints.size());
}
TEST(IpList, AByteOrderMarkIsNoPartOfTheFirstAddress) {
  parse(
      "\xef\xbb\xbf"
      "127.0.0.2\r\n127.0.0.3\r\n");
  CHECK(has("127.0.0.2"));
  CHECK(has("127.0.0.3"));
  LONGS_EQUAL(0, complaints.size());
}
TEST(IpList, AMappedAddressIsTheIpv4One) {
  parse("127.0.0.2\n::ffff:127.0.0.3\n");
  CHECK(has("::ffff:127.0.0.2"));
  CHECK(has("127.0.0.3"));
}
TEST(IpList, NetworksOfBothFamilies) {
  parse("10.1.0.0/16\n192.0.2.128/25\n2001:db8::/32\n203.0.113.7/32\n");
  CHECK(has("10.1.0.0"));
  CHECK(has("10.1.255.255"));
  CHECK(!has("10.0.255.255"));
  CHECK(!has("10.2.0.0"));
  CHECK(has("192.0.2.128"));
  CHECK(!has("192.0.2.127"));
  CHECK(has("2001:db8:ffff::1"));
  CHECK(!has("2001:db9::"));
  CHECK(has("203.0.113.7"));
  CHECK(!has("203.0.113.8"));
}
TEST(IpList, TheBaseOfANetworkNeedNotBeItsFirstAddress) {
  parse("10.1.2.3/8");
  CHECK(has("10.255.0.1"));
  CHECK(!has("11.0.0.0"));
}
TEST(IpList, SlashZeroIsEveryAddressOfItsFamily) {
  parse("0.0.0.0/0");
  CHECK(has("198.51.100.1"));
  CHECK(!has("2001:db8::1"));
  parse("::/0");
  CHECK(has("2001:db8::1"));
  CHECK(has("198.51.100.1"));
}
TEST(IpList, OverlappingNetworksAreOne) {
  parse("10.0.0.0/8\n10.1.0.0/16\n10.255.255.255\n11.0.0.0/8\n");
  LONGS_EQUAL(2, list.size());
  CHECK(has("10.1.2.3"));
  CHECK(has("10.255.255.255"));
  CHECK(has("11.5.5.5"));
  CHECK(!has("12.0.0.0"));
}
TEST(IpList, PatternsOfIcecastKh) {
  parse("192.168.*\n10.*.5.1\n172.16.1.?\n2001:db8:*\n9.*\n");
  CHECK(has("192.168.0.1"));
  CHECK(has("192.168.255.255"));
  CHECK(!has("192.169.0.1"));
  CHECK(has("10.9.5.1"));
  CHECK(!has("10.9.5.2"));
  CHECK(has("172.16.1.7"));
  CHECK(!has("172.16.1.77"));
  CHECK(has("2001:db8::9"));
  CHECK(has("9.8.7.6"));
  LONGS_EQUAL(0, complaints.size());
}
TEST(IpList, NonsenseIsLeftOutAndTold) {
  parse(
      "127.0.0.1\nexample.org\n10.0.0.0/33\n2001:db8::/129\n10.0.0.0/x\n300.1.1.1\nx*y\n1.2.3.4/"
      "-1\n");
  LONGS_EQUAL(1, list.size());
  LONGS_EQUAL(7, complaints.size());
  CHECK(complaints[0].find("example.org") != std::string::npos);
}
TEST(IpList, AnEmptyListContainsNoAddress) {
  parse("");
  CHECK(list.empty());
  CHECK(!has("127.0.0.1"));
}

TEST_GROUP(AccessFiles) {
  Log log{system_clock()};
  TemporaryDirectory directory;
  AccessFiles files{log};
  bool welcome(const char* ip) { return files.lists()->welcome(*Address::parse(ip, 0)); }
};

TEST(AccessFiles, WithoutListsEveryAddressIsAllowed) {
  files.reload_changed({});
  CHECK(welcome("192.0.2.1"));
  CHECK(!files.lists()->agent_refused("curl/8"));
  CHECK(!AccessPaths{}.any());
}
TEST(AccessFiles, DenyWinsAndAllowIsExclusive) {
  files.reload_changed(
      {directory.put("deny", "10.0.0.1\n"), directory.put("allow", "10.0.0.0/24\n"), ""});
  CHECK(!welcome("10.0.0.1"));
  CHECK(welcome("10.0.0.2"));
  CHECK(!welcome("10.0.1.2"));
}
TEST(AccessFiles, AnEmptyAllowListRefusesEveryAddress) {
  files.reload_changed({"", directory.put("allow", "# nobody\n"), ""});
  CHECK(!welcome("127.0.0.1"));
}
TEST(AccessFiles, AChangedFileIsReadAgainAlsoWithinTheSameSecond) {
  const AccessPaths paths{directory.put("deny", "10.0.0.1\n"), "", ""};
  files.reload_changed(paths);
  CHECK(!welcome("10.0.0.1"));
  directory.put("deny", "10.0.0.22\n");
  files.reload_changed(paths);
  CHECK(welcome("10.0.0.1"));
  CHECK(!welcome("10.0.0.22"));
}
TEST(AccessFiles, AFileThatVanishesLeavesItsListInForce) {
  const AccessPaths paths{directory.put("deny", "10.0.0.1\n"), "", ""};
  files.reload_changed(paths);
  ::remove(paths.deny_ip.c_str());
  files.reload_changed(paths);
  CHECK(!welcome("10.0.0.1"));
}
TEST(AccessFiles, AMissingFileRefusesNoAddress) {
  files.reload_changed({directory.file("none"), directory.file("none either"), ""});
  CHECK(welcome("10.0.0.1"));
}
TEST(AccessFiles, AListThatIsNoLongerConfiguredIsForgotten) {
  files.reload_changed({directory.put("deny", "10.0.0.1\n"), directory.put("allow", "10.0.0.1\n"),
                        directory.put("agents", "*bot*\n")});
  files.reload_changed({});
  CHECK(welcome("10.0.0.1"));
  CHECK(welcome("10.0.0.2"));
  CHECK(!files.lists()->agent_refused("a bot"));
}
TEST(AccessFiles, AgentsAreMatchedAsPatternsInAnyCase) {
  files.reload_changed({"", "", directory.put("agents", "# bad ones\n*BadBot*\nWget/1.*\nCurl\n")});
  CHECK(files.lists()->agent_refused("Mozilla/5.0 (compatible; badbot/2.1)"));
  CHECK(files.lists()->agent_refused("wget/1.21.3"));
  CHECK(files.lists()->agent_refused("curl"));
  CHECK(!files.lists()->agent_refused("curl/8"));
  CHECK(!files.lists()->agent_refused("WinampMPEG/5.0"));
  CHECK(!files.lists()->agent_refused(""));
}
