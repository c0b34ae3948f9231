#include "net/crypto/seal_keys.h"

#include <string>

#include "base/encoding.h"
#include "net/crypto/digest.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(SealKeys) { const std::string first = random_bytes(32), second = random_bytes(32); };

TEST(SealKeys, WhatTheFirstSealsAllOpen) {
  const SealKeys old({first}), both({second, first}), next({second}), none;
  const std::string sealed = old.seal("hunter2", "mounts/%2Frock");
  CHECK(SealKeys::is_sealed(sealed));
  CHECK(sealed.find("hunter2") == std::string::npos);
  CHECK(sealed != old.seal("hunter2", "mounts/%2Frock"));
  CHECK(old.open(sealed, "mounts/%2Frock")->newest);
  STRCMP_EQUAL("hunter2", both.open(sealed, "mounts/%2Frock")->text.c_str());
  CHECK(!both.open(sealed, "mounts/%2Frock")->newest);
  CHECK(!next.open(sealed, "mounts/%2Frock").has_value());
  CHECK(!none.open(sealed, "mounts/%2Frock").has_value());
  CHECK(!none.can_seal());
}
TEST(SealKeys, NothingOpensElsewhereOrAltered) {
  const SealKeys keys({first});
  std::string sealed = keys.seal("hunter2!", "mounts/%2Frock");
  CHECK(!keys.open(sealed, "mounts/%2Fjazz").has_value());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    CHECK_TEXT(!keys.open(altered, "mounts/%2Frock").has_value(), altered.c_str());
  }
  CHECK(!keys.open("sealed:v1:", "mounts/%2Frock").has_value());
  CHECK(!keys.open("sealed:v1:!", "mounts/%2Frock").has_value());
  CHECK(!keys.open("", "").has_value());
}
TEST(SealKeys, AKeyIsHexOrBase64Of32Bytes) {
  CHECK(SealKeys::parse_key(hex_encode(first)) == first);
  CHECK(SealKeys::parse_key(base64_encode(first)) == first);
  const std::string bytes(32, '\xab');
  CHECK(SealKeys::parse_key(std::string(32, 'A') + std::string(32, 'b')).has_value());
  CHECK(SealKeys::parse_key(hex_encode(bytes)) == bytes);
  for (const std::string& wrong :
       {std::string(), std::string("key"), std::string(63, 'a'), std::string(64, 'g'),
        base64_encode(first.substr(1)), base64_encode(first + "x")})
    CHECK_TEXT(!SealKeys::parse_key(wrong).has_value(), wrong.c_str());
}
