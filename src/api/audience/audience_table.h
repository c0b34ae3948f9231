// AudienceTable: the rows of a report, as JSON or as CSV.
//
// CSV is safe in spreadsheets: a text that looks like a formula gets an apostrophe, also within it
// behind what separates cells for some of them.  Lines end with CR LF, texts are UTF-8.
// Source: RFC 4180; OWASP, CSV injection.
// Thread: plain values, pure functions.
// Bounds: kLongestColumn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lb {

using AudienceCell =
    std::variant<std::monostate, std::string, std::int64_t, double, std::vector<std::string>>;

struct AudienceTable {
  std::vector<std::string> columns;
  std::vector<std::vector<AudienceCell>> rows;
};

constexpr std::size_t kLongestColumn = 64;  // bytes of a name that rename_columns() gives
// "artist:Interprète,title:Titre": new names for these columns; others are unchanged.  Errors:
// kInvalid: invalid names; the table is unchanged.
Result<void> rename_columns(AudienceTable& table, std::string_view names);

// Whether a spreadsheet program would take the text for a formula.
bool begins_formula(std::string_view text) noexcept;
// The text of a cell without the protecting apostrophes.
std::string unguarded(std::string_view cell);

// separator: "," or ";".
std::string audience_csv(const AudienceTable& table, char separator = ',');
// {…head, "items": [{column: value}], "next": …}
std::string audience_json(const AudienceTable& table,
                          const std::vector<std::pair<std::string_view, AudienceCell>>& head,
                          const std::string& next);
// {…head, column: value} of a table with one row.
std::string audience_json_row(const AudienceTable& table,
                              const std::vector<std::pair<std::string_view, AudienceCell>>& head);

}  // namespace lb
