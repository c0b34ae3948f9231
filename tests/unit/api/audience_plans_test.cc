// Sums of the audience: what is told of a time that is not over.
#include <memory>
#include <string>

#include "api/api_bench.h"
#include "audience/merge.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kNoon = 1'793'534'400;  // 2026-11-01 12:00, in seconds

}  // namespace

TEST_GROUP(AudiencePlans) {
  ApiBench api;
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  void setup() override {
    api.world.audience = database.get();
    AudienceMerge merge(*database, std::chrono::seconds(60));
    ListeningBegun row;
    row.at_ms = kNoon * 1000;
    row.who = 7;
    row.mount = "/file.mp3";
    CHECK(merge.take("n1", {"epoch", {{1, row}}}).has_value());
  }
  // The numbers of the member in the answer's items.
  std::string each(const std::string& path, std::string_view member) {
    LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, path));
    std::string numbers;
    const Json items = api.json().at("items");
    for (std::size_t i = 0; i < items.size(); ++i)
      numbers += std::to_string(items.at(i).at(member).number().value_or(-1)).substr(0, 4) + " ";
    return numbers;
  }
};

TEST(AudiencePlans, TheMeanOfATimeThatIsNotOverIsThatOfItsPastPart) {
  api.now = WallTime(std::chrono::seconds(kNoon + 90 * 60));
  const std::string day = "from=2026-11-01T11:00&to=2026-11-01T15:00";
  STRCMP_EQUAL("0.00 1.00 1.00 0.00 ", each("/audience/hours?" + day, "average_listeners").c_str());
  STRCMP_EQUAL("1.00 1.00 ",
               each("/audience/hours?by=hour,mount&" + day, "average_listeners").c_str());
  STRCMP_EQUAL("3600 3600 ", each("/audience/hours?by=hour,mount&" + day, "length_s").c_str());
  STRCMP_EQUAL("0.60 ", each("/audience/hours?by=month&" + day, "average_listeners").c_str());
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/audience/summary?" + day));
  DOUBLES_EQUAL(0.6, api.json().at("average_listeners").number().value_or(-1), 1e-9);
  api.now = WallTime(std::chrono::seconds(kNoon + 24 * 3600));
  STRCMP_EQUAL("0.00 1.00 1.00 1.00 ", each("/audience/hours?" + day, "average_listeners").c_str());
}
