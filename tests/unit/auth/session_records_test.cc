#include "auth/login/session_records.h"

#include "base/encoding.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(SessionRecords) {
  SessionRecords records;
  std::vector<std::string> complaints;
  SessionKeys read(const std::vector<std::pair<std::string, std::string>>& given) {
    std::vector<SessionRecords::Row> rows;
    for (const auto& [key, value] : given) rows.push_back({key, value});
    return records.read(rows, "me", complaints);
  }
};

TEST(SessionRecords, WhatIsWrittenIsRead) {
  const KeyRing ring = KeyRing::fresh(1000).rotated(2000, false);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const OwnKey& key : ring.keys())
    rows.emplace_back(session_key_name("m 1", key.kid), session_key_record(key));
  rows.emplace_back(master_record_name("m 1"),
                    master_record({"https://a.test", "http://b.test:8000"}));
  CHECK_EQUAL(std::string("masters/m%201"), rows.back().first);
  const SessionKeys keys = read(rows);
  LONGS_EQUAL(0, complaints.size());
  LONGS_EQUAL(2, keys.keys.size());
  const auto* newest = keys.find(ring.newest().kid, 3000);
  CHECK(newest != nullptr && newest->master == "m 1" &&
        newest->public_key == ring.newest().key.public_key());
  const auto* older = keys.find(ring.keys()[1].kid, 3000);
  CHECK(older != nullptr && older->until == 2000 + 12 * 3600);
  CHECK(keys.find(older->kid, older->until) == nullptr);
  CHECK(keys.has_origin("m 1", "https://a.test") && keys.has_origin("m 1", "http://b.test:8000"));
  CHECK(!keys.has_origin("m1", "https://a.test"));
}
TEST(SessionRecords, NoRecordHoldsASecret) {
  const KeyRing ring = KeyRing::fresh(1000);
  const std::string record = session_key_record(ring.newest());
  CHECK(record.find(base64url_encode(ring.newest().key.seed())) == std::string::npos);
}
TEST(SessionRecords, UsersAreWhatTheirRecordsSay) {
  const SessionKeys keys =
      read({{"epochs/anna", R"({"epoch":7,"role":"owner","account":"acme","mounts":["/a"],)"
                            R"("disabled":false,"addresses":true})"},
            {"epochs/b%C3%A4r", R"({"epoch":1,"role":"viewer","disabled":true})"}});
  LONGS_EQUAL(0, complaints.size());
  const User* anna = keys.user("anna");
  CHECK(anna != nullptr && anna->epoch == 7 && anna->role == Role::kOwner &&
        anna->account == "acme" && anna->mounts == std::vector<std::string>{"/a"} &&
        anna->addresses);
  CHECK(keys.user("b\xc3\xa4r") == nullptr);
  LONGS_EQUAL(2, keys.users.size());
}
TEST(SessionRecords, EndedLoginsAreReadWithAndWithoutTheirUser) {
  const SessionKeys keys = read({{ended_record_name("a-_1"), ended_record("anna", 5000)},
                                 {ended_record_name("b"), ended_record("", 6000)}});
  LONGS_EQUAL(0, complaints.size());
  LONGS_EQUAL(2, keys.ended.size());
  LONGS_EQUAL(5000, keys.ended.at("a-_1"));
  CHECK_EQUAL(std::string(R"({"until":6000})"), ended_record("", 6000));
  CHECK_EQUAL(std::string("anna"), parse_ended("a-_1", ended_record("anna", 5000))->user);
}
TEST(SessionRecords, AUserThatStaysIsNotParsedAgain) {
  const std::string same = R"({"epoch":1,"role":"viewer"})";
  const auto before = read({{"epochs/a", same}, {"epochs/b", same}});
  const auto after = read({{"epochs/a", same}, {"epochs/b", R"({"epoch":2,"role":"viewer"})"}});
  CHECK(before.users.at("a") == after.users.at("a"));
  LONGS_EQUAL(2, after.users.at("b")->epoch);
}
TEST(SessionRecords, WhatThisServerHasToldAndOtherFamiliesArePassedOver) {
  const KeyRing ring = KeyRing::fresh(1000);
  const SessionKeys keys = read({{session_key_name("me", "k"), session_key_record(ring.newest())},
                                 {master_record_name("me"), master_record({"https://a.test"})},
                                 {"mounts/%2Fa", "<mount/>"},
                                 {"bans/1", "{"}});
  CHECK(keys.keys.empty() && keys.origins.empty() && keys.users.empty());
  LONGS_EQUAL(0, complaints.size());
}
TEST(SessionRecords, WhatCannotBeReadIsSaidAndLeftOut) {
  const std::string key = base64url_encode(std::string(32, 'k'));
  const std::pair<std::string, std::string> bad[] = {
      {"keys/m1", "{}"},
      {"keys/m1/k", ""},
      {"keys/m1/k", "[]"},
      {"keys/m1/k", R"({"public":"AAAA","until":0})"},
      {"keys/m1/k", R"({"public":")" + key + R"("})"},
      {"keys/m1/k", R"({"public":")" + key + R"(","until":-1})"},
      {"keys/m1/k", R"({"public":")" + key + R"(","until":18446744073709551615})"},
      {"keys/%zz/k", R"({"public":")" + key + R"(","until":0})"},
      {"keys/m1/", R"({"public":")" + key + R"(","until":0})"},
      {"masters/m1", "{}"},
      {"masters/m1", R"({"origin":"ftp://a"})"},
      {"masters/m1", R"({"origin":"https://"})"},
      {"masters/m1", R"({"origin":"https://a/b"})"},
      {"masters/m1", R"({"origin":"https://u@a"})"},
      {"masters/m1", R"({"origin":"null"})"},
      {"masters/m1", R"({"origin":1,"origins":"https://a"})"},
      {"epochs/anna", "{}"},
      {"epochs/anna", R"({"role":"god"})"},
      {"epochs/anna", R"({"role":"viewer","name":"other"})"},
      {"epochs/anna", "not JSON"},
      {"epochs/%zz", R"({"role":"viewer"})"},
      {"ended/a", "{}"},
      {"ended/a", "[]"},
      {"ended/a", "no JSON"},
      {"ended/a", R"({"until":-1})"},
      {"ended/a", R"({"until":18446744073709551615})"},
      {"ended/", R"({"until":7})"},
      {"ended/%zz", R"({"until":7})"},
  };
  for (const auto& row : bad) {
    complaints.clear();
    const SessionKeys keys = read({row});
    CHECK_TEXT(
        keys.keys.empty() && keys.origins.empty() && keys.users.empty() && keys.ended.empty(),
        row.second.c_str());
    LONGS_EQUAL_TEXT(1, complaints.size(), row.second.c_str());
  }
}
