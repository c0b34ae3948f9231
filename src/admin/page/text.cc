#include "admin/page/text.h"

#include <utility>

#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

void append_ascii(std::string& out, char c, Escape how) {
  if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return;
  const bool xml = how == Escape::kXml || how == Escape::kXmlAttribute;
  if (xml && c == '&') {
    out += "&amp;";
  } else if (xml && c == '<') {
    out += "&lt;";
  } else if (xml && c == '>') {
    out += "&gt;";
  } else if (how == Escape::kXmlAttribute && c == '"') {
    out += "&quot;";
  } else if (how == Escape::kJson && c == '<') {
    out += "\\u003c";  // a page may put the answer into a <script>, which "</script>" would end
  } else {
    if (how == Escape::kJson && (c == '"' || c == '\\')) out += '\\';
    out += c;
  }
}

// REQUIRES: sequence is one well-formed sequence of at least two bytes.
bool may_stay(std::string_view sequence) noexcept {
  const bool c1 = sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
  return !c1 && sequence != "\xEF\xBF\xBE" && sequence != "\xEF\xBF\xBF";
}

}  // namespace

void append_text(std::string& out, std::string_view bytes, Escape how) {
  out.reserve(out.size() + bytes.size());
  const bool utf8 = valid_utf8(bytes);
  for (std::size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x80) {
      append_ascii(out, bytes[i], how);
      ++i;
    } else if (utf8) {
      const std::string_view sequence = bytes.substr(i, utf8_char(bytes.substr(i)));
      if (may_stay(sequence)) out += sequence;
      i += sequence.size();
    } else {
      if (byte >= 0xA0) {
        out += static_cast<char>(0xC0 | (byte >> 6));
        out += static_cast<char>(0x80 | (byte & 0x3F));
      }
      ++i;
    }
  }
}

std::string escaped(std::string_view bytes, Escape how) {
  std::string out;
  append_text(out, bytes, how);
  return out;
}

bool is_xml_name(std::string_view name) noexcept {
  return !name.empty() && (is_alphabetic(name[0]) || name[0] == '_') && is_plain_text(name, "_-.");
}

XmlWriter::XmlWriter() : out_("<?xml version=\"1.0\"?>\n") {}

void XmlWriter::open(std::string_view name) {
  out_ += '<';
  out_ += name;
  out_ += '>';
  open_ += '/';
  open_ += name;
}

void XmlWriter::open(std::string_view name, std::string_view attr, std::string_view value) {
  out_ += '<';
  out_ += name;
  attribute(attr, value);
  out_ += '>';
  open_ += '/';
  open_ += name;
}

void XmlWriter::close() {
  const std::size_t slash = open_.rfind('/');
  if (slash == std::string::npos) return;
  out_ += '<';
  out_.append(open_, slash);
  out_ += '>';
  open_.resize(slash);
}

void XmlWriter::element(std::string_view name, std::string_view text) {
  open(name);
  append_text(out_, text, Escape::kXml);
  close();
}

void XmlWriter::element(std::string_view name, std::uint64_t number) {
  element(name, std::to_string(number));
}

void XmlWriter::empty(std::string_view name, std::string_view attr, std::string_view value) {
  out_ += '<';
  out_ += name;
  attribute(attr, value);
  out_ += "/>";
}

void XmlWriter::attribute(std::string_view name, std::string_view value) {
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_text(out_, value, Escape::kXmlAttribute);
  out_ += '"';
}

std::string XmlWriter::finish() && {
  while (!open_.empty()) close();
  out_ += '\n';
  return std::move(out_);
}

}  // namespace lb
