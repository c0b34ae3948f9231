// A lost store out of what its nodes have kept of it.
#include "store/node_copies.h"

#include <map>
#include <string>
#include <utility>

#include "auth/password/password_hash.h"
#include "config/mounts/mount_record.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

using Items = std::map<std::string, std::string>;

const std::string kHashA(32, 'a'), kHashB(32, 'b'), kClosed(kNoPassword);

MountRecord record_of(const std::string& mount, const std::string& hash, const std::string& genre) {
  auto reading = read_mount_record(
      *Json::parse(R"({"mount":")" + mount + R"(","home":"edge1","settings":{"genre":")" + genre +
                   R"("},"source":{"user":"dj","hash":")" + hash + "\"}}"),
      SetBy::kAdmin);
  STRCMP_EQUAL("", to_string(reading.faults).c_str());
  return std::move(reading.record);
}
std::string xml(const std::string& mount, const std::string& hash, const std::string& genre = "G") {
  return mount_record_xml(record_of(mount, hash, genre));
}

// A copy with what each of these masters has said.
struct Said {
  std::string master, store;
  std::uint64_t revision;
  Items items;
};
NodeCopy copy_of(const std::string& path, const std::vector<Said>& all) {
  ConfBook book;
  std::vector<ConfBook::Master> masters;
  for (const Said& said : all) masters.push_back({said.master + ":8100", said.master, true});
  book.set_masters(masters);
  for (const Said& said : all) {
    ConfFrame frame;
    frame.store = said.store;
    frame.revision = said.revision;
    frame.all = true;
    for (const auto& [key, value] : said.items) frame.set.push_back({key, value, false});
    book.take(said.master, frame);
  }
  std::string text;
  auto pieces = conf_book_pieces(book.master_copies());
  for (std::string_view piece; !(piece = pieces()).empty();) text += piece;
  auto read = ConfBook::parse(text);
  if (!read) FAIL(read.error().what.c_str());
  return {path, *std::move(read)};
}

std::string in_short(const Result<JoinedCopies>& joined) {
  if (!joined) return "error: " + joined.error().what;
  std::string out;
  for (const RegistryRecord& row : joined->content.records) {
    out += (out.empty() ? "" : " ") + row.key;
    if (!row.key.starts_with("mounts/")) continue;
    const auto record = parse_mount_record(row.value);
    if (!record) return "not a record: " + row.value;
    for (const XmlNode& child : record->settings.children) out += ":" + child.text;
    for (const RecordLogin& login : record->sources)
      out += ":" + (login.hash == kClosed ? "closed" : login.hash.substr(0, 1));
  }
  return out;
}
std::string remarks(const JoinedCopies& joined) {
  std::string out;
  for (const std::string& one : joined.remarks) out += one + "\n";
  return out;
}

}  // namespace

TEST_GROUP(NodeCopies){};

TEST(NodeCopies, EachPasswordIsOfTheNodeThatHasIt) {
  const auto joined = join_node_copies({copy_of("one", {{"m1",
                                                         "s.1",
                                                         7,
                                                         {{"mounts/%2Fa", xml("/a", kHashA)},
                                                          {"mounts/%2Fb", xml("/b", kClosed)},
                                                          {"bans/x", "{}"},
                                                          {"keys/m1/k", "{}"},
                                                          {"external/%2Fe", xml("/e", kHashA)}}}}),
                                        copy_of("two", {{"m1",
                                                         "s.1",
                                                         7,
                                                         {{"mounts/%2Fa", xml("/a", kClosed)},
                                                          {"mounts/%2Fb", xml("/b", kHashB)},
                                                          {"bans/x", "{}"}}}})},
                                       "m1");
  STRCMP_EQUAL("bans/x mounts/%2Fa:G:a mounts/%2Fb:G:b", in_short(joined).c_str());
  STRCMP_EQUAL("s.1", joined->store.c_str());
  LONGS_EQUAL(1, joined->remarks.size());  // what nodes are not told
}
TEST(NodeCopies, ThePasswordOfAnEarlierOwnerOpensNothing) {
  const auto owned = [](const std::string& hash, const std::string& account, std::int64_t made) {
    MountRecord record = record_of("/a", hash, "G");
    record.account = account;
    record.made = made;
    return mount_record_xml(record);
  };
  const auto joined_with = [&](const std::string& older) {
    return in_short(join_node_copies(
        {copy_of("new", {{"m1", "s.1", 9, {{"mounts/%2Fa", owned(kClosed, "acme", 200)}}}}),
         copy_of("old", {{"m1", "s.1", 7, {{"mounts/%2Fa", older}}}})},
        "m1"));
  };
  STRCMP_EQUAL("mounts/%2Fa:G:closed", joined_with(owned(kHashA, "bolt", 100)).c_str());
  STRCMP_EQUAL("mounts/%2Fa:G:closed", joined_with(owned(kHashA, "acme", 100)).c_str());
  STRCMP_EQUAL("mounts/%2Fa:G:a", joined_with(owned(kHashA, "acme", 200)).c_str());
}
TEST(NodeCopies, WhatNoCopyHasIsNamedAndNotInvented) {
  const auto joined = join_node_copies(
      {copy_of("one", {{"m1",
                        "s.1",
                        7,
                        {{"mounts/%2Fa", xml("/a", kClosed)},
                         {"mounts/%2Fc", "<nothing/>"},
                         {"epochs/anna", R"({"epoch":1,"role":"owner","account":"acme"})"}}}})},
      "m1");
  STRCMP_EQUAL("mounts/%2Fa:G:closed", in_short(joined).c_str());
  for (const char* what : {"have no password, because no copy", ": /a (home edge1)", "mounts/%2Fc",
                           "anna (owner of acme)", "ids: acme", "API tokens"})
    STRCMP_CONTAINS(what, remarks(*joined).c_str());
}
TEST(NodeCopies, TheNewestSaysWhichRecordsThereAre) {
  const auto old = copy_of(
      "old",
      {{"m1",
        "s.1",
        9,
        {{"mounts/%2Fa", xml("/a", kHashA, "Old")}, {"mounts/%2Fgone", xml("/gone", kHashA)}}}});
  const auto fresh =
      copy_of("new", {{"m1", "s.2", 3, {{"mounts/%2Fa", xml("/a", kClosed, "New")}}}});
  for (const auto& copies : {std::vector{old, fresh}, std::vector{fresh, old}}) {
    const auto joined = join_node_copies(copies, "m1");
    STRCMP_EQUAL("mounts/%2Fa:New:a", in_short(joined).c_str());
    STRCMP_CONTAINS("older than revision 3", remarks(*joined).c_str());
    STRCMP_CONTAINS("old one again: /a", remarks(*joined).c_str());
  }
}
TEST(NodeCopies, ARelayIsOfItsHome) {
  MountRecord at_home = record_of("/a", kHashA, "G");
  auto reading = read_mount_record(
      *Json::parse(R"({"mount":"/a","relay":{"server":"a","port":1}})"), SetBy::kAdmin);
  at_home.relay = reading.record.relay;
  const auto home =
      copy_of("home", {{"m1", "s.1", 7, {{"mounts/%2Fa", mount_record_xml(at_home)}}}});
  const auto other = copy_of("other", {{"m1", "s.1", 7, {{"mounts/%2Fa", xml("/a", kClosed)}}}});
  for (const auto& copies : {std::vector{home, other}, std::vector{other, home}}) {
    const auto joined = join_node_copies(copies, "m1");
    CHECK(*parse_mount_record(joined->content.records.at(0).value) == at_home);
  }
}
TEST(NodeCopies, AStoreOfAnotherMasterIsNone) {
  const std::string a = xml("/a", kHashA), b = xml("/b", kHashB);
  const auto both = copy_of("both", {{"m1", "s.1", 7, {{"mounts/%2Fa", a}}},
                                     {"m2", "t.1", 900, {{"mounts/%2Fb", b}}},
                                     {"m3", "none.0", 5, {{"external/%2Fc", b}}}});
  STRCMP_EQUAL("mounts/%2Fa:G:a", in_short(join_node_copies({both}, "m1")).c_str());
  STRCMP_EQUAL("mounts/%2Fb:G:b", in_short(join_node_copies({both}, "m2")).c_str());
  // Of an etcd each master has told the same.
  const auto shared = copy_of("shared", {{"m2", "s.1", 8, {{"mounts/%2Fb", b}}}});
  const auto one = copy_of("one", {{"m1", "s.1", 7, {{"mounts/%2Fa", a}}}});
  STRCMP_EQUAL("mounts/%2Fb:G:b", in_short(join_node_copies({one, shared}, "m1")).c_str());
  STRCMP_CONTAINS("error: the copies are of 2 stores: both has s.1 of master m1",
                  in_short(join_node_copies({both}, "m9")).c_str());
  const auto none = copy_of("none", {{"m3", "none.0", 5, {{"external/%2Fc", b}}}});
  STRCMP_CONTAINS("error: the copies have no records",
                  in_short(join_node_copies({none}, "")).c_str());
}
