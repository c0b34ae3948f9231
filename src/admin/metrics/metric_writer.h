// Samples as Prometheus reads them: a metric's head, then a line for each of its values.
// Values of labels are made valid UTF-8 and escaped.
// Source: Prometheus, "Exposition formats" (text 0.0.4).
// Thread: any one; a plain value.
#pragma once

#include <array>
#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "admin/page/text.h"

namespace lb {

class MetricWriter {
 public:
  struct Label {
    std::string_view name, value;
  };
  using Labels = std::initializer_list<Label>;

  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(help);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  template <class Number>
  void sample(Labels labels, Number value) {
    out_ += name_;
    char before = '{';
    for (const Label& label : labels) {
      out_ += before;
      before = ',';
      out_.append(label.name).append("=\"");
      append_label(label.value);
      out_ += '"';
    }
    if (labels.size() > 0) out_ += '}';
    out_ += ' ';
    append_number(value);
    out_ += '\n';
  }
  template <class Number>
  void sample(Number value) {
    sample({}, value);
  }
  std::string take() { return std::move(out_); }

 private:
  void append_label(std::string_view value) {
    text_.clear();
    append_text(text_, value, Escape::kNone);  // valid, and without line ends
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
  std::string out_, text_;
};

}  // namespace lb
