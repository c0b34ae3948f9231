#include "api/audience/audience_table.h"

#include <array>
#include <charconv>

#include "base/json.h"

namespace lb {
namespace {

std::string decimal(double value) {
  std::array<char, 64> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 3).ptr;
  return {text.data(), end};
}

std::string csv_text(std::string_view text) {
  std::string out = begins_formula(text) ? "'" : "";
  out += text;
  if (out.find_first_of("\",;\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_cell(const AudienceCell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return csv_text(*text);
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* value = std::get_if<double>(&cell)) return decimal(*value);
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
  else
    json.null();
}

void put_row(JsonWriter& json, const AudienceTable& table, const std::vector<AudienceCell>& row) {
  for (std::size_t i = 0; i < row.size(); ++i) put_cell(json, table.columns[i], row[i]);
}

}  // namespace

bool begins_formula(std::string_view text) noexcept {
  return !text.empty() &&
         std::string_view("=+-@\t\r|%").find(text.front()) != std::string_view::npos;
}

std::string_view unguarded(std::string_view cell) noexcept {
  return cell.starts_with('\'') && begins_formula(cell.substr(1)) ? cell.substr(1) : cell;
}

std::string audience_csv(const AudienceTable& table, char separator) {
  std::string out;
  for (const std::string_view column : table.columns) {
    if (!out.empty()) out += separator;
    out += column;
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
