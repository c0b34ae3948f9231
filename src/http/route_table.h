// RouteTable: the stages for a request, by its path.
// A stage for some paths costs other requests nothing, because their chains lack it.
// Thread: its owner's; built once.
#pragma once

#include <bitset>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace lb {

class Stage;

// A stage and its paths: "/metrics", or "/admin/*" for a prefix.  Without paths: all requests.
struct Route {
  Route(Stage* asked, std::initializer_list<std::string_view> about = {})  // NOLINT: implicit
      : stage(asked), paths(about) {}

  Stage* stage;
  std::vector<std::string_view> paths;
};

class RouteTable {
 public:
  // In the order of asking.
  explicit RouteTable(const std::vector<Route>& routes = {});
  std::span<Stage* const> stages_for(std::string_view path) const noexcept;

 private:
  struct Chain {
    std::string_view pattern;
    std::vector<Stage*> stages;
  };
  std::vector<Chain> chains_;  // nearest pattern first, "*" last
  std::bitset<256> begins_;    // bytes behind the '/' of a pattern
};

}  // namespace lb
