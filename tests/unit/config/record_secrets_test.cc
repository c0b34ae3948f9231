#include "config/mounts/record_secrets.h"

#include <string>

#include "config/mounts/mount_record.h"
#include "net/crypto/digest.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const std::string kKey = "mounts/%2Frock";

std::string record_xml(const std::string& options) {
  const auto json = Json::parse(R"({"mount":"/rock","settings":{"authentication":{"type":"url",
      "option":[)" + options + R"(]}},"sources":[{"user":"dj","password":"p"}]})");
  CHECK(json.has_value());
  RecordReading reading = read_mount_record(*json, SetBy::kAdmin);
  STRCMP_EQUAL("", to_string(reading.faults).c_str());
  return mount_record_xml(reading.record);
}
const std::string kOptions = R"({"name":"listener_add","value":"http://anna:pass1@backend/add"},
    {"name":"mount_add","value":"http://backend/a@b"},
    {"name":"username","value":"lb"},{"name":"password","value":"<hunter2> & \"co\""})";

}  // namespace

TEST_GROUP(RecordSecrets) { const std::string old = random_bytes(32), next = random_bytes(32); };

TEST(RecordSecrets, WhatIsSealedIsTheSameRecordOpened) {
  const SealKeys keys({old});
  const std::string plain = record_xml(kOptions);
  const auto sealed = seal_record(keys, kKey, plain);
  CHECK(sealed.has_value());
  for (const char* secret : {"hunter2", "pass1", "anna"})
    CHECK_TEXT(sealed->find(secret) == std::string::npos, secret);
  STRCMP_CONTAINS("http://backend/a@b", sealed->c_str());
  CHECK(parse_mount_record(*sealed).has_value());
  const OpenedRecord opened = open_record(keys, kKey, *sealed);
  STRCMP_EQUAL(plain.c_str(), opened.xml.c_str());
  LONGS_EQUAL(2, opened.opened);
  LONGS_EQUAL(0, opened.closed + opened.in_clear + opened.old_key);
  // Sealed once more nothing changes.
  STRCMP_EQUAL(sealed->c_str(), seal_record(keys, kKey, *sealed)->c_str());
}
TEST(RecordSecrets, ThePasswordOfARelayIsSealed) {
  const auto json = Json::parse(R"({"mount":"/rock","relay":{"server":"a","port":8000,
      "username":"u","password":"hunter2"}})");
  const std::string plain = mount_record_xml(read_mount_record(*json, SetBy::kAdmin).record);
  const SealKeys keys({old});
  const auto sealed = seal_record(keys, kKey, plain);
  CHECK(sealed.has_value());
  CHECK(sealed->find("hunter2") == std::string::npos);
  CHECK(parse_mount_record(*sealed).has_value());
  const OpenedRecord opened = open_record(keys, kKey, *sealed);
  LONGS_EQUAL(1, opened.opened);
  STRCMP_EQUAL(plain.c_str(), opened.xml.c_str());
  LONGS_EQUAL(1, open_record(SealKeys({next}), kKey, *sealed).closed);
  const auto refused = seal_record(SealKeys(), kKey, plain);
  CHECK(refused.error().code == Error::Code::kDenied);
  STRCMP_CONTAINS("/relay/password", refused.error().what.c_str());
}
TEST(RecordSecrets, KeysAreChangedByTwoOfThem) {
  const auto sealed = seal_record(SealKeys({old}), kKey, record_xml(kOptions));
  const OpenedRecord both = open_record(SealKeys({next, old}), kKey, *sealed);
  LONGS_EQUAL(2, both.opened);
  LONGS_EQUAL(2, both.old_key);
  const OpenedRecord without = open_record(SealKeys({next}), kKey, *sealed);
  LONGS_EQUAL(2, without.closed);
  STRCMP_EQUAL(sealed->c_str(), without.xml.c_str());
  LONGS_EQUAL(2, open_record(SealKeys({old}), "mounts/%2Fjazz", *sealed).closed);
}
TEST(RecordSecrets, WithoutAKeyASecretIsRefused) {
  const auto refused = seal_record(SealKeys(), kKey, record_xml(kOptions));
  CHECK(refused.error().code == Error::Code::kDenied);
  STRCMP_CONTAINS("/settings/authentication/option/0/value", refused.error().what.c_str());
  CHECK(refused.error().what.find("pass1") == std::string::npos);
  const std::string harmless = record_xml(R"({"name":"listener_add","value":"http://backend/"})");
  STRCMP_EQUAL(harmless.c_str(), seal_record(SealKeys(), kKey, harmless)->c_str());
  LONGS_EQUAL(2, open_record(SealKeys({old}), kKey, record_xml(kOptions)).in_clear);
}
TEST(RecordSecrets, OneSecretDoesNotOpenInThePlaceOfAnother) {
  const SealKeys keys({old});
  const auto sealed = seal_record(keys, kKey, record_xml(kOptions));
  const std::string name = "name=\"password\"", other = "name=\"password2\"";
  std::string moved = *sealed;
  moved.replace(moved.find(name), name.size(), other);
  LONGS_EQUAL(1, open_record(keys, kKey, moved).closed);
}
TEST(RecordSecrets, AreShownAsTrue) {
  const auto record = parse_mount_record(record_xml(kOptions));
  JsonWriter json;
  write_mount_record(json, *record, RecordSecrets::kHidden);
  const std::string text = json.take();
  for (const char* secret : {"hunter2", "pass1", "anna"})
    CHECK_TEXT(text.find(secret) == std::string::npos, secret);
  STRCMP_CONTAINS(R"({"name":"password","value":true})", text.c_str());
}
