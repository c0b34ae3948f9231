#include "config/settings/cluster_id.h"

#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Config config_of(const std::string& inside) { return *load(inside).config; }

}  // namespace

TEST_GROUP(ClusterId){};

TEST(ClusterId, AnIdIsTheConfigurationsOrMadeOfTheHostOrOfTheEpoch) {
  CHECK_EQUAL(std::string("m1"), cluster_id(config_of("<cluster><id>m1</id></cluster>"), "0a"));
  CHECK_EQUAL(std::string("radio.test-8000"),
              cluster_id(config_of("<hostname>radio.test</hostname>"), "0a"));
  CHECK_EQUAL(std::string("node-0a"),
              cluster_id(config_of("<hostname>localhost</hostname>"), "0a"));
}
TEST(ClusterId, AHostThatIsLongOrOddBecomesAnIdAllTheSame) {
  Config config;
  config.hostname = std::string(100, 'a') + "_";
  CHECK_EQUAL(std::string(48, 'a') + "-8000", cluster_id(config, "0a"));
  config.hostname = "a b/c";
  CHECK_EQUAL(std::string("a-b-c-8000"), cluster_id(config, "0a"));
}
