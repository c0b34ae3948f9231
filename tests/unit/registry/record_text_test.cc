#include "registry/record_text.h"

#include <string>

#include "registry/registry.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(RecordText){};

TEST(RecordText, ComesBackAsItWas) {
  const std::vector<StoredRecord> records{
      {"mounts/%2Frock.mp3", "<mount>\n</mount>\n", 412, 1'700'000'000},
      {"users/anna", std::nullopt, 413, 5},
      {"users/bob", "", 0, 0},
      {"bans/1", std::string("\0\xff\nend 4\n", 9), ~std::uint64_t{0}, 1}};
  const auto back = parse_record_text(record_text(records));
  CHECK(back.has_value());
  CHECK(*back == records);
  CHECK(parse_record_text(record_text({}))->empty());
}
TEST(RecordText, AnyCutIsFound) {
  const std::string text = record_text({{"users/anna", "{}", 1, 2}, {"users/bob", "{}", 1, 2}});
  for (std::size_t n = 0; n < text.size(); ++n)
    CHECK_TEXT(!parse_record_text(text.substr(0, n)), std::to_string(n).c_str());
  CHECK(!parse_record_text(text + "\n"));
}
TEST(RecordText, WhatIsNoRecord) {
  for (const char* text :
       {"put users/anna 1 2 3\n{}\nend 1\n", "put users/anna 1 2 1\n{}\nend 1\n",
        "put ../anna 1 2 2\n{}\n\nend 1\n", "put users/anna 1 2\n{}\nend 1\n",
        "delete users/anna 1 2 2\n{}\nend 1\n", "put users/anna -1 2 2\n{}\nend 1\n",
        "put users/anna 1 9223372036854775808 2\n{}\nend 1\n", "put users/anna 1 2 2\n{}\nend 2\n",
        "put users/anna 1 2 99999999999999999999\n{}\nend 1\n",
        "keep users/anna 1 2 2\n{}\nend 1\n"})
    CHECK_TEXT(!parse_record_text(text), text);
  CHECK(parse_record_text(std::string(100, 'x'), 99).error().code == Error::Code::kLimit);
}
