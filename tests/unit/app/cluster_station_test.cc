#include "app/operate/cluster_station.h"

#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(ClusterStation) {
  TestServer server;

  ClusterStation& station() { return *server.services().operators; }
  template <class T, class Ask>
  T answer_of(Ask ask) {
    std::optional<T> got;
    ask([&got](T value) { got = std::move(value); });
    CHECK(server.until([&] { return got.has_value(); }));
    return std::move(*got);
  }
};

TEST(ClusterStation, WithoutNodesItIsTheServersOwn) {
  auto source = server.start().source("/live"), other = server.source("/other");
  auto listener = server.open("/live");
  CHECK_EQUAL(std::string(), station().source_of("/live"));
  const auto all = answer_of<Result<MountListeners>>(
      [this](auto then) { station().listeners_of("/live", std::move(then)); });
  LONGS_EQUAL(1, all->rows.size());
  CHECK(all->rows[0].node.empty() && all->missing.empty());
  LONGS_EQUAL(1, station().move_offer("/live", "/other").listeners);
  const auto killed = answer_of<OrderOutcome>(
      [&](auto then) { station().kill_listener("/live", all->rows[0].id, std::move(then)); });
  CHECK(killed.done && listener.finished());
  CHECK(answer_of<OrderOutcome>([this](auto then) {
          station().kill_source("/live", std::move(then));
        }).done);
  CHECK(source.finished() && !other.finished());
}
TEST(ClusterStation, ATextIsMadeOnAnotherThread) {
  server.start();
  const auto text = answer_of<std::string>(
      [this](auto then) { station().print([] { return std::string("text"); }, std::move(then)); });
  CHECK_EQUAL(std::string("text"), text);
}
