#include "http/route_table.h"

#include <string>

#include "http/connection.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

struct Named final : Stage {
  explicit Named(char letter) : name(letter) {}
  Verdict handle(Connection&) override { return Verdict::kNext; }
  char name;
};

}  // namespace

TEST_GROUP(RouteTable) {
  Named a{'a'}, b{'b'}, c{'c'}, d{'d'}, e{'e'};
  RouteTable table{{{&a, {"/x/*", "/one"}}, {&b}, {&c, {"/x/y"}}, {&d, {"/x/y*"}}, {&e}}};

  std::string asked(std::string_view path) {
    std::string out;
    for (Stage* const stage : table.stages_for(path)) out += static_cast<Named*>(stage)->name;
    return out;
  }
};

TEST(RouteTable, AStageWithoutPathsIsAskedAboutAll) {
  STRCMP_EQUAL("be", asked("/live").c_str());
  STRCMP_EQUAL("be", asked("/").c_str());
  STRCMP_EQUAL("be", asked("*").c_str());
  STRCMP_EQUAL("be", asked("").c_str());
}
TEST(RouteTable, OthersAreAskedAboutTheirPathsInTheOrderOfAll) {
  STRCMP_EQUAL("abe", asked("/one").c_str());
  STRCMP_EQUAL("abe", asked("/x/").c_str());
  STRCMP_EQUAL("abe", asked("/x/other").c_str());
  STRCMP_EQUAL("abcde", asked("/x/y").c_str());
  STRCMP_EQUAL("abde", asked("/x/yz").c_str());
}
TEST(RouteTable, APathThatOnlyBeginsAlikeIsAnother) {
  STRCMP_EQUAL("be", asked("/x").c_str());
  STRCMP_EQUAL("be", asked("/one/").c_str());
  STRCMP_EQUAL("be", asked("/on").c_str());
  STRCMP_EQUAL("be", asked("/X/y").c_str());
}
TEST(RouteTable, WithoutRoutesNoneIsAsked) { CHECK(RouteTable().stages_for("/x").empty()); }
