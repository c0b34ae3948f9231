#include "api/audience/audience_table.h"

#include <algorithm>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/schema/diagnostic.h"

namespace lb {
namespace {

// What begins a new cell: the list separator of a spreadsheet program is that of its language, and
// then quotation marks within a cell protect nothing.
constexpr std::string_view kCellBreaks = ",;\t\r\n";

// Whether a formula begins at `at`, where a cell may begin.
bool cell_begins_formula(std::string_view text, std::size_t at) noexcept {
  if (at == 0) return begins_formula(text);
  if (kCellBreaks.find(text[at - 1]) == std::string_view::npos) return false;
  const std::size_t from = text.find_first_not_of(" \"'", at);
  return from != std::string_view::npos && kCellBreaks.find(text[from]) == std::string_view::npos &&
         begins_formula(text.substr(from));
}

std::string guarded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (cell_begins_formula(text, i)) out += '\'';
    out += text[i];
  }
  return out;
}

std::string csv_text(std::string_view text) {
  const std::string out = guarded(text);
  if (out.find_first_of("\",;\t\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

bool is_plain(std::string_view text) {
  return valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
         });
}

std::string csv_cell(const AudienceCell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return csv_text(*text);
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* value = std::get_if<double>(&cell)) return decimal_text(*value, 3);
  return {};
}

void put_cell(JsonWriter& json, std::string_view name, const AudienceCell& cell) {
  json.key(name);
  if (const auto* text = std::get_if<std::string>(&cell))
    json.text(*text);
  else if (const auto* number = std::get_if<std::int64_t>(&cell))
    json.number(*number);
  else if (const auto* value = std::get_if<double>(&cell))
    json.number(*value);
  else if (const auto* texts = std::get_if<std::vector<std::string>>(&cell))
    json.texts(*texts);
  else
    json.null();
}

void put_row(JsonWriter& json, const AudienceTable& table, const std::vector<AudienceCell>& row) {
  for (std::size_t i = 0; i < row.size(); ++i) put_cell(json, table.columns[i], row[i]);
}

}  // namespace

// Spreadsheets ignore leading blanks, some also quotation marks, and treat the wide characters of
// East Asia as the narrow ones.
bool begins_formula(std::string_view text) noexcept {
  const std::size_t at = text.find_first_not_of(" \"'");
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at);
  constexpr std::string_view kWide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};  // = + - @
  return std::string_view("=+-@\t\r\n|%").find(text.front()) != std::string_view::npos ||
         std::any_of(std::begin(kWide), std::end(kWide),
                     [text](std::string_view one) { return text.starts_with(one); });
}

std::string unguarded(std::string_view cell) {
  std::string out;
  for (std::size_t i = 0; i < cell.size(); ++i)
    if (cell[i] != '\'' || !cell_begins_formula(cell, i)) out += cell[i];
  return out;
}

Result<void> rename_columns(AudienceTable& table, std::string_view names) {
  std::vector<std::string> renamed = table.columns;
  for (const std::string_view pair : split(names, ',')) {
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos)
      return Error::invalid(cat(
          {quoted(pair.substr(0, kLongestColumn)), " is not COLUMN:NAME, such as title:Titre"}));
    const std::string_view column = trim(pair.substr(0, colon)),
                           name = trim(pair.substr(colon + 1));
    const auto found = std::find(table.columns.begin(), table.columns.end(), column);
    if (found == table.columns.end())
      return Error::invalid(cat({"there is no column ", quoted(column.substr(0, kLongestColumn)),
                                 ", but: ", listed(table.columns, ", ")}));
    std::string& now = renamed[static_cast<std::size_t>(found - table.columns.begin())];
    if (now != column) return Error::invalid(cat({"it has the column ", column, " twice"}));
    if (name.empty() || name.size() > kLongestColumn || !is_plain(name) || begins_formula(name))
      return Error::invalid(
          cat({"the name of the column ", column, " has ", name.size(), " bytes; it needs 1 to ",
               kLongestColumn, " of UTF-8 without control characters that begin no formula"}));
    now = name;
  }
  for (auto at = renamed.begin(); at != renamed.end(); ++at)
    if (std::find(renamed.begin(), at, *at) != at)
      return Error::invalid(cat({"two columns would be called ", *at}));
  table.columns = std::move(renamed);
  return {};
}

std::string audience_csv(const AudienceTable& table, char separator) {
  std::string out;
  for (const std::string& column : table.columns) {
    if (!out.empty()) out += separator;
    out += csv_text(column);
  }
  out += "\r\n";
  for (const auto& row : table.rows) {
    bool first = true;
    for (const AudienceCell& cell : row) {
      if (!std::exchange(first, false)) out += separator;
      out += csv_cell(cell);
    }
    out += "\r\n";
  }
  return out;
}

std::string audience_json(const AudienceTable& table,
                          const std::vector<std::pair<std::string_view, AudienceCell>>& head,
                          const std::string& next) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [name, cell] : head) put_cell(json, name, cell);
  json.key("items").begin_array();
  for (const auto& row : table.rows) {
    json.begin_object();
    put_row(json, table, row);
    json.end_object();
  }
  json.end_array();
  if (!next.empty()) json.key("next").text(next);
  json.end_object();
  return json.take() + "\n";
}

std::string audience_json_row(const AudienceTable& table,
                              const std::vector<std::pair<std::string_view, AudienceCell>>& head) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [name, cell] : head) put_cell(json, name, cell);
  if (!table.rows.empty()) put_row(json, table, table.rows.front());
  json.end_object();
  return json.take() + "\n";
}

}  // namespace lb
