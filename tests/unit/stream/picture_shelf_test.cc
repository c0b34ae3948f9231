#include "stream/source/picture_shelf.h"

#include <string>
#include <tuple>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::string_literals;

namespace {

std::string png(const std::string& more) {
  return "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x20\0\0\0\x20\x08\2\0\0\0"s + more;
}

}  // namespace

TEST_GROUP(PictureShelf){};

TEST(PictureShelf, APictureIsCalledByItsBytes) {
  PictureShelf shelf;
  const auto name = shelf.put(png("a"));
  CHECK(name.has_value());
  LONGS_EQUAL(36, name->size());
  CHECK(type_in_picture_name(*name) == PictureType::kPng);
  CHECK(*shelf.put(png("a")) == *name);
  CHECK(*shelf.put(png("b")) != *name);
  CHECK(*shelf.find(*name) == png("a"));
  LONGS_EQUAL(2, shelf.all().size());
  CHECK_FALSE(shelf.put("<svg/>").has_value());
}
TEST(PictureShelf, WhatAnotherNodeSendsCountsByItsHash) {
  PictureShelf shelf;
  const std::string name = picture_name(PictureType::kPng, png("a"));
  CHECK_FALSE(shelf.put_as(name, png("b")));
  CHECK_FALSE(shelf.put_as(name.substr(0, 32) + ".jpg", png("a")));
  CHECK_FALSE(shelf.put_as("x", png("a")));
  CHECK(shelf.find(name) == nullptr);
  CHECK(shelf.put_as(name, png("a")));
  CHECK(shelf.find(name) != nullptr);
}
TEST(PictureShelf, TheOneThatWasUsedLongestAgoGoes) {
  PictureShelf shelf(2 * png("a").size());
  const std::string a = *shelf.put(png("a")), b = *shelf.put(png("b"));
  CHECK(shelf.find(a) != nullptr);
  const std::string c = *shelf.put(png("c"));
  CHECK(shelf.find(b) == nullptr);
  CHECK(shelf.find(a) != nullptr && shelf.find(c) != nullptr);
}
TEST(PictureShelf, AnAccountPushesOutOnlyItsOwn) {
  PictureShelf shelf(16 * png("aa").size());
  std::vector<std::string> others;
  for (const char* text : {"a1", "a2", "b1", "b2"})
    others.push_back(*shelf.put(png(text), std::string(1, text[0])));
  others.push_back(*shelf.put(png("00")));
  std::string last;
  for (int at = 10; at < 60; ++at) last = *shelf.put(png(std::to_string(at)), "c");
  for (const std::string& name : others) CHECK(shelf.find(name) != nullptr);
  CHECK(shelf.find(last) != nullptr);
  LONGS_EQUAL(16, shelf.all().size());
  // What two have put is of none: neither takes it away from the other.
  const std::string both = *shelf.put(png("59"), "a");
  for (int at = 60; at < 90; ++at) std::ignore = shelf.put(png(std::to_string(at)), "c");
  CHECK(shelf.find(both) != nullptr);
}
TEST(PictureShelf, NamesAreHexAndAnEnding) {
  const std::string hash(32, 'a');
  CHECK(name_in_picture_path("/_lb/art/" + hash + ".jpg") == hash + ".jpg");
  CHECK(name_in_picture_path(hash + ".webp") == hash + ".webp");
  for (const std::string& other :
       {""s, "/_lb/art/"s, hash, hash + ".svg", hash + ".jpg/", "/_lb/art/../" + hash + ".jpg",
        std::string(32, 'A') + ".jpg", "a" + hash + ".jpg"})
    CHECK(name_in_picture_path(other).empty());
}
TEST(PictureShelf, AllAreNamedInTheOrderOfTheirUse) {
  PictureShelf shelf;
  const std::string a = *shelf.put(png("a")), b = *shelf.put(png("b"));
  shelf.find(a);
  const auto all = shelf.all();
  LONGS_EQUAL(2, all.size());
  CHECK(all[0].first == b && *all[0].second == png("b"));
  CHECK(all[1].first == a && *all[1].second == png("a"));
}
