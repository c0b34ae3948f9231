#include "registry/key.h"

#include <set>
#include <string>

#include "registry/registry.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(RegistryKey){};

TEST(RegistryKey, WhatIsOne) {
  for (const char* key :
       {"format", "mounts/%2Frock.mp3", "mounts/%2Fa%2Fb", "users/anna", "keys/m1/k7", "bans/1~2-3",
        "mounts/%2F%C3%A9t%C3%A9.ogg", "mounts/%2F..", "users/..", "users/."})
    CHECK_TEXT(is_registry_key(key), key);
}
TEST(RegistryKey, WhatIsNone) {
  for (const char* key : {"",
                          "/",
                          "Mounts/x",
                          "mounts",
                          "mounts/",
                          "mounts/rock.mp3",
                          "mounts/%2F",
                          "mounts/%2f.mp3",
                          "mounts/%2Fa/b",
                          "users/",
                          "users//a",
                          "users/a/",
                          "/users/a",
                          "users/a b",
                          "users/%61",
                          "users/%2",
                          "users/a\n",
                          "../users/a",
                          "users/a+b",
                          "users/a=b",
                          "m2/x",
                          "users/\xff"})
    CHECK_TEXT(!is_registry_key(key), key);
  CHECK(!is_registry_key(std::string_view("users/a\0b", 9)));
  CHECK(is_registry_key("users/" + std::string(Registry::kKeyBytes - 6, 'a')));
  CHECK(!is_registry_key("users/" + std::string(Registry::kKeyBytes - 5, 'a')));
}
TEST(RegistryKey, FilesThatPeopleFind) {
  STRCMP_EQUAL("mounts.d", file_folder("mounts/%2Frock.mp3").c_str());
  STRCMP_EQUAL("rock.mp3", file_stem("mounts/%2Frock.mp3").c_str());
  STRCMP_EQUAL("live%2Frock.mp3", file_stem("mounts/%2Flive%2Frock.mp3").c_str());
  STRCMP_EQUAL("m1+k7", file_stem("keys/m1/k7").c_str());
  CHECK(record_extension(" \n<mount/>") == ".xml");
  CHECK(record_extension("{}") == ".json");
  CHECK(record_extension("") == ".json");
}
TEST(RegistryKey, NoFileLiesElsewhereOrIsHiddenOrSharedByTwo) {
  const std::string digits(300, '7');
  std::set<std::string> stems;
  std::size_t keys = 0;
  for (const std::string& key :
       {std::string("users/.."), std::string("users/."), std::string("users/.a"),
        std::string("users/a/b"), std::string("users/a/.b"), std::string("users/.a/b"),
        std::string("users/a%2Fb"), "users/" + digits, "users/" + digits + "8",
        std::string("users/a"), std::string("users/a~b")}) {
    CHECK_TEXT(is_registry_key(key), key.c_str());
    const std::string stem = file_stem(key);
    CHECK_TEXT(!stem.starts_with('.'), stem.c_str());
    CHECK_TEXT(stem.find('/') == std::string::npos, stem.c_str());
    CHECK(stem.size() <= kFileStem);
    stems.insert(stem);
    ++keys;
  }
  LONGS_EQUAL(keys, stems.size());
}
TEST(RegistryKey, AFileNamesItsKey) {
  for (const char* key : {"mounts/%2Frock.mp3", "keys/m1/k7", "users/.hidden", "users/..",
                          "mounts/%2Flive%2Frock.mp3", "mounts/%2F.hidden"}) {
    const auto back = key_of_file(registry_class(key), file_stem(key));
    CHECK_TEXT(back.has_value(), key);
    STRCMP_EQUAL(key, back->c_str());
  }
  CHECK(!key_of_file("users", file_stem("users/" + std::string(300, 'a'))));
  CHECK(!key_of_file("users", "a b"));
  CHECK(!key_of_file("users", ".a"));
  CHECK(!key_of_file("users", "+"));
  CHECK(!key_of_file("Users", "a"));
}
