// Playlist logs of automations, as CSV: a log is filled in or refused with the places of its
// faults, and what is filled in is bounded text; reading it once more changes nothing.
#include <string>
#include <variant>

#include "api/audience/audience_plans.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "audience/database.h"
#include "base/encoding.h"
#include "base/json.h"
#include "check.h"
#include "config/settings/config.h"

using namespace lb;

namespace {

// With titles about the times that the corpus has.
Sqlite& database() {
  static const auto made = [] {
    auto opened = *open_audience_database(":memory:");
    opened->prepare("INSERT INTO mount(id, name) VALUES(1, '/m')").run();
    Statement put = opened->prepare("INSERT INTO play(mount, began, title) VALUES(1, ?, ?)");
    for (const std::int64_t second : {0, 200, 400})
      put.bind((1'790'000'000 + second) * 1000).bind(std::string("Artist - Title")).run();
    return opened;
  }();
  return *made;
}

std::string answer_of(std::string_view log) {
  static const auto book = std::make_shared<const RecordBook>();
  static const Config file;
  ApiRequest request;
  request.method = Method::kPost;
  request.path = "/api/v1/audience/plays";
  request.query = "mount=/m";
  request.body = log;
  ApiCaller who;
  who.name = "root";
  who.role = Role::kAdmin;
  ApiWorld world;
  world.audience = &database();
  const Plan plan =
      fill_plays({request, who, *book, file, world, WallTime(std::chrono::seconds(1'790'001'000))});
  if (const auto* planned = std::get_if<Planned>(&plan)) return planned->answer.body;
  const auto& problem = std::get<Problem>(plan);
  fuzz::must(problem.status() == 422 || problem.status() == 413, "a problem of another kind",
             problem.detail);
  const std::string text = problem_json(problem, request.path);
  fuzz::must(Json::parse(text).has_value(), "a problem is JSON", text);
  return {};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::string first = answer_of(text);
  if (first.empty()) return 0;
  const auto again = Json::parse(answer_of(text));
  fuzz::must(again && again->at("filled").u64() == 0U, "what is filled in is filled in again",
             first);
  Statement asked = database().prepare("SELECT title, isrc, album FROM song_described");
  while (asked.step())
    for (int i = 0; i < 3; ++i)
      fuzz::must(valid_utf8(asked.text(i)) && asked.text(i).size() <= 4096, "a text of a song");
  return 0;
}
