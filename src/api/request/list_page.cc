#include "api/request/list_page.h"

#include "api/request/record_book.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {

bool PageWriter::begin_row(std::string_view name) {
  is_full_ = shown_ == most_;
  if (is_full_) return false;
  last_ = name;
  ++shown_;
  return true;
}

void PageWriter::end_rows(bool is_more) {
  json_.end_array();
  if ((is_full_ || is_more) && shown_ > 0) json_.key("next").text(last_);
  has_ended_ = true;
}

Planned PageWriter::answer(std::uint64_t revision) {
  if (!has_ended_) end_rows();
  return answered(json_.end_object(), revision);
}

Planned PageWriter::answer(const RecordBook& book) { return answer(book.revision()); }

std::variant<ListPage, Problem> list_page(const ApiRequest& request) {
  constexpr std::uint64_t kMax = 500;
  ListPage page;
  page.after = query_param(request.query, "after").value_or("");
  if (const auto most = query_param(request.query, "most")) {
    const auto number = parse_u64(*most);
    if (!number || *number < 1 || *number > kMax)
      return wrong_parameter("most",
                             cat({"most=", most->substr(0, 80), " is not a number from 1 to 500"}));
    page.most = static_cast<std::size_t>(*number);
  }
  return page;
}

bool read_place(std::string_view text, std::span<std::int64_t> numbers) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  const auto parts = split(text, '.');
  if (parts.size() != numbers.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = parse_u64(parts[i]);
    if (!number || *number > kMost) return false;
    numbers[i] = static_cast<std::int64_t>(*number);
  }
  return true;
}

Problem wrong_after(std::string_view after) {
  return wrong_parameter("after", cat({"after=", after.substr(0, 80), " is not a value of next"}));
}

}  // namespace lb
