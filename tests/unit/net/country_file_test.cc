#include "net/address/country_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

#if LB_MAXMINDDB

namespace {

// MaxMind's format, as much of it as is needed: one network, 24-bit records.  Its specification:
// a control byte holds a type (7 map, 2 text, 5 and 6 numbers) and a size.
std::string text(std::string_view value) {
  return std::string(1, static_cast<char>(2 << 5 | value.size())) + std::string(value);
}
std::string number(unsigned value, int type = 5) {
  return {static_cast<char>(type << 5 | 2), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}
std::string map(std::size_t pairs) { return std::string(1, static_cast<char>(7 << 5 | pairs)); }

std::string database(unsigned ip_version, const std::string& bits, const std::string& data) {
  std::string tree;
  const auto count = static_cast<unsigned>(bits.size());
  const auto record = [&tree](unsigned value) {
    tree += static_cast<char>(value >> 16);
    tree += static_cast<char>(value >> 8);
    tree += static_cast<char>(value);
  };
  for (unsigned i = 0; i < count; ++i) {
    const unsigned next = i + 1 < count ? i + 1 : count + 16;
    record(bits[i] == '0' ? next : count);
    record(bits[i] == '1' ? next : count);
  }
  return tree + std::string(16, '\0') + data + "\xab\xcd\xefMaxMind.com" + map(9) +
         text("binary_format_major_version") + number(2) + text("binary_format_minor_version") +
         number(0) + text("build_epoch") + std::string("\1\2\1", 3) + text("database_type") +
         text("Test-Country") + text("ip_version") + number(ip_version) + text("node_count") +
         number(count, 6) + text("record_size") + number(24) + text("languages") +
         std::string("\0\4", 2) + text("description") + map(0);
}
std::string place(std::string_view key, std::string_view code) {
  return map(1) + text(key) + map(1) + text("iso_code") + text(code);
}
const std::string k192 = "11000000";  // 192.0.0.0/8

}  // namespace

TEST_GROUP(CountryFile) {
  std::string path;
  void setup() override {
    std::array<char, 32> name{"/tmp/countriesXXXXXX"};
    const int fd = ::mkstemp(name.data());
    CHECK(fd >= 0);
    ::close(fd);
    path = name.data();
  }
  void teardown() override { ::unlink(path.c_str()); }
  std::shared_ptr<const CountryFile> open(const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    auto opened = CountryFile::open(path);
    if (!opened) why = opened.error().what;
    return opened ? *opened : nullptr;
  }
  static std::string of(const CountryFile& file, const char* ip) {
    return file.country(*Address::parse(ip, 0));
  }
  std::string why;
};

TEST(CountryFile, KnowsTheCountryOfAnAddressAndNotOfOthers) {
  const auto file = open(database(4, k192, place("country", "DE")));
  CHECK(file != nullptr);
  STRCMP_EQUAL("DE", of(*file, "192.0.2.1").c_str());
  STRCMP_EQUAL("", of(*file, "193.0.2.1").c_str());
  STRCMP_EQUAL("", of(*file, "2001:db8::1").c_str());
  STRCMP_EQUAL("Test-Country", file->type().c_str());
}

TEST(CountryFile, KnowsBothFamiliesInATreeForBoth) {
  const auto v4 = open(database(6, std::string(96, '0') + k192, place("country", "AT")));
  STRCMP_EQUAL("AT", of(*v4, "192.0.2.1").c_str());
  const auto v6 = open(database(6, "0010000000000001", place("country", "CH")));
  STRCMP_EQUAL("CH", of(*v6, "2001:db8::1").c_str());
  STRCMP_EQUAL("", of(*v6, "192.0.2.1").c_str());
}

TEST(CountryFile, TakesWhereTheNetworkIsRegisteredWhereNothingElseIsSaid) {
  const auto file = open(database(4, k192, place("registered_country", "FR")));
  STRCMP_EQUAL("FR", of(*file, "192.0.2.1").c_str());
}

TEST(CountryFile, WhatIsNoCountryIsNotKnown) {
  for (const char* code : {"de", "D", "DEU", "D\n", "", "1A"}) {
    const auto file = open(database(4, k192, place("country", code)));
    STRCMP_EQUAL("", of(*file, "192.0.2.1").c_str());
  }
  const auto city = open(database(4, k192, place("city", "DE")));
  STRCMP_EQUAL("", of(*city, "192.0.2.1").c_str());
}

TEST(CountryFile, ReportsWhatIsWrongWithAFile) {
  CHECK(open("") == nullptr);
  CHECK(open("nonsense") == nullptr);
  CHECK(why.find(path + ": is not a country database") == 0);
  CHECK(CountryFile::open("/nowhere/at/all").error().what.find("cannot be opened") !=
        std::string::npos);
  CHECK(CountryFile::open("/tmp").error().what.find("is not a file") != std::string::npos);
}

TEST(CountryFile, ADamagedOneAnswersNothingOrIsRefused) {
  const std::string whole = database(4, k192, place("country", "DE"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto file = open(whole.substr(0, size));
    if (file) of(*file, "192.0.2.1");
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string other = whole;
    other[at] = static_cast<char>(~other[at]);
    const auto file = open(other);
    if (file) of(*file, "192.0.2.1");
  }
}

TEST(CountryFile, TheFileMayBeTakenAwayOrEmptiedMeanwhile) {
  const auto file = open(database(4, k192, place("country", "DE")));
  CHECK(::truncate(path.c_str(), 0) == 0);
  STRCMP_EQUAL("DE", of(*file, "192.0.2.1").c_str());
}

#else

TEST_GROUP(CountryFile){};
TEST(CountryFile, ReportsThatTheProgramCannotReadOne) {
  const auto opened = CountryFile::open("/etc/hostname");
  CHECK(!opened.has_value());
  CHECK(opened.error().what.find("without libmaxminddb") != std::string::npos);
}

#endif
