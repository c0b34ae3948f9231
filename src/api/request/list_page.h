// PageWriter, list_rows(): lists of the API, answered in pages.
//
// Thread: any.
// Source: doc/api.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "api/request/plan.h"
#include "base/json.h"

namespace lb {

// The requested page of a list: "?after=&most=".
struct ListPage {
  std::string after;
  std::size_t most = 100;
};
std::variant<ListPage, Problem> list_page(const ApiRequest& request);
// `after` is not a value that this list has given as `next`.
Problem wrong_after(std::string_view after);
// Reads the numbers of a place, "1796131288.42"; false: the text is not that many, each up to 2^62.
bool read_place(std::string_view text, std::span<std::int64_t> numbers);

// {"items": […], "next": "…"}: one page of a list.
class PageWriter {
 public:
  explicit PageWriter(std::size_t most) : most_(most) {
    json_.begin_object().key("items").begin_array();
  }
  // The next output is the row of this name.  False: the page is full, and there are more rows.
  bool begin_row(std::string_view name);
  JsonWriter& json() noexcept { return json_; }
  // Further members may follow.
  void end_rows(bool is_more = false);
  Planned answer(std::uint64_t revision = 0);
  Planned answer(const RecordBook& book);  // of its revision

 private:
  const std::size_t most_;
  JsonWriter json_;
  std::size_t shown_ = 0;
  std::string last_;
  bool is_full_ = false, has_ended_ = false;
};

// A page of the book's rows for which `keep` is true; `write` prints one.
template <class Rows, class Keep, class Write>
Plan list_rows(const PlanContext& context, const Rows& rows, Keep keep, Write write) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  PageWriter out(most);
  for (auto at = after.empty() ? rows.begin() : rows.upper_bound(after); at != rows.end(); ++at) {
    if (!keep(at->second->value)) continue;
    if (!out.begin_row(at->first)) break;
    write(out.json(), *at->second);
  }
  return out.answer(context.book);
}

}  // namespace lb
