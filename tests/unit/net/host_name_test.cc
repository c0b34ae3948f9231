#include "net/address/host_name.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(HostName){};

TEST(HostName, IsAsDnsHasIt) {
  for (const auto& [written, name] : {std::pair{"Radio.Example", "radio.example"},
                                      {"radio.example.", "radio.example"},
                                      {"m\xC3\xBCnchen.example", "xn--mnchen-3ya.example"},
                                      {"*.M\xC3\x9CNCHEN.Example.", "*.xn--mnchen-3ya.example"},
                                      {"mu\xCC\x88nchen.example", "xn--mnchen-3ya.example"},
                                      {"fa\xC3\x9F.example", "xn--fa-hia.example"},
                                      {"xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
                                      {"192.0.2.7", "192.0.2.7"},
                                      {"2001:DB8::1", "2001:db8::1"},
                                      {"a_b", "a_b"},
                                      {"", ""}})
    CHECK_EQUAL(std::string(name), host_name(written));
}
TEST(HostName, WhatIsNoneStays) {
  CHECK_EQUAL(std::string("a\xFF.example"), host_name("A\xFF.example"));
  CHECK_EQUAL(std::string("\xE2\x80\xAE.example"), host_name("\xE2\x80\xAE.example"));
}
