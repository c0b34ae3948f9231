// RouteTable: which stages a request is asked by, from its path.
//
// A stage that belongs to some paths costs the requests for all others nothing: they have a chain
// without it.
// Thread: its owner's; built once.
#pragma once

#include <bitset>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace lb {

class Stage;

// A stage, and the paths that it belongs to: "/metrics", or "/admin/*" for whatever begins so.
// None: it is asked about all.
struct Route {
  Route(Stage* asked, std::initializer_list<std::string_view> about = {})  // NOLINT: implicit
      : stage(asked), paths(about) {}

  Stage* stage;
  std::vector<std::string_view> paths;
};

class RouteTable {
 public:
  // In the order in which they are asked.
  explicit RouteTable(const std::vector<Route>& routes = {});
  std::span<Stage* const> stages_for(std::string_view path) const noexcept;

 private:
  struct Chain {
    std::string_view pattern;
    std::vector<Stage*> stages;
  };
  std::vector<Chain> chains_;  // the nearest pattern first, "*" last
  std::bitset<256> begins_;    // bytes behind the '/' of a pattern
};

}  // namespace lb
