// Prints samples for Prometheus: a metric's head, then a line for each value.  Values of labels are
// made valid UTF-8 and escaped.
// Source: Prometheus, "Exposition formats" (text 0.0.4).
// Thread: any; a plain value.
#pragma once

#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/page/text.h"
#include "base/strings.h"

namespace lb {

class MetricWriter {
 public:
  // labels: their names, "mount,kind".
  void begin(std::string_view name, std::string_view type, std::string_view help,
             std::string_view labels) {
    name_ = name;
    labels_ = split(labels, ',');
    out_.append("# HELP ").append(name).append(" ").append(help);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  // values: of the labels.
  template <class Number>
  void sample(std::initializer_list<std::string_view> values, Number value) {
    out_ += name_;
    char before = '{';
    for (std::size_t i = 0; i < values.size(); ++i) {
      out_ += before;
      before = ',';
      out_.append(labels_[i]).append("=\"");
      append_label(values.begin()[i]);
      out_ += '"';
    }
    if (values.size() > 0) out_ += '}';
    out_ += ' ';
    append_number(value);
    out_ += '\n';
  }
  // Prints nothing if the value is not known.
  template <class Number>
  void sample(std::initializer_list<std::string_view> values, const std::optional<Number>& value) {
    if (value) sample(values, *value);
  }
  void sample(std::initializer_list<std::string_view> values, bool value) {
    sample(values, value ? 1 : 0);
  }
  template <class Number>
  void sample(Number value) {
    sample({}, value);
  }
  std::string take() { return std::move(out_); }

 private:
  void append_label(std::string_view value) {
    text_.clear();
    append_text(text_, value, Escape::kNone);  // valid UTF-8 without line ends
    for (const char c : text_) {
      if (c == '\\' || c == '"') out_ += '\\';
      out_ += c;
    }
  }
  template <class Number>
  void append_number(Number value) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    out_.append(text.data(), end);
  }

  std::string_view name_;
  std::vector<std::string_view> labels_;  // names
  std::string out_, text_;
};

}  // namespace lb
