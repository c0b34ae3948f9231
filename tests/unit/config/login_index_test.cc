#include "config/load_text.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(LoginIndex){};

TEST(LoginIndex, KnowsWhatTheFileSays) {
  const auto loaded = load(
      "<authentication><source-password>src</source-password><admin-user>boss</admin-user>"
      "<admin-password>adm</admin-password><relay-user>relay</relay-user>"
      "<relay-password>rel</relay-password></authentication>"
      "<mount><mount-name>/a</mount-name><username>anna</username><password>a</password></mount>"
      "<mount><mount-name>/b</mount-name><username>bob</username></mount>"
      "<mount><mount-name>/c</mount-name><password>c</password>"
      "<encoder><username>studio</username><password>s</password></encoder>"
      "<encoder><username>backup</username></encoder></mount>");
  CHECK(loaded.config->login_index != nullptr);
  const LoginIndex& index = *loaded.config->login_index;
  for (const auto& [user, password] :
       {std::pair("boss", "adm"), std::pair("relay", "rel"), std::pair("source", "src"),
        std::pair("anna", "a"), std::pair("bob", "src"), std::pair("studio", "s"),
        std::pair("backup", "c")})
    CHECK(index.knows(Credentials{user, password}));
  for (const auto& [user, password] :
       {std::pair("boss", "src"), std::pair("anna", "src"), std::pair("bob", "a"),
        std::pair("studio", "c"), std::pair("source", ""), std::pair("", "src"),
        std::pair("source", "c ")})
    CHECK(!index.knows(Credentials{user, password}));
}
TEST(LoginIndex, WithoutPasswordsNothingIsRight) {
  const auto loaded = load("");
  CHECK(!loaded.config->login_index->knows(Credentials{"source", ""}));
  CHECK(!loaded.config->login_index->knows(Credentials{"", ""}));
}
