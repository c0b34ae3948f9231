#include "admin/page/session_marks.h"

#include "base/cat.h"
#include "base/strings.h"
#include "http/message.h"

namespace lb {
namespace {

// The position after the '>' of the tag at `at`; npos: the tag does not end.
std::size_t end_of_tag(std::string_view page, std::size_t at) {
  char quote = 0;
  for (std::size_t i = at; i < page.size(); ++i) {
    const char c = page[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// The value of an attribute in lower case; "" without that attribute.
std::string attribute_of(std::string_view tag, std::string_view name) {
  const std::string lower = to_lower(tag);
  const std::string wanted = cat({" ", name, "="});
  std::size_t at = lower.find(wanted);
  if (at == std::string::npos) return {};
  at += wanted.size();
  const char quote = lower[at] == '"' || lower[at] == '\'' ? lower[at] : ' ';
  if (quote != ' ') ++at;
  return lower.substr(at,
                      lower.find_first_of(quote == ' ' ? " >" : std::string(1, quote), at) - at);
}

// A form with a foreign target must not get the session's value.
bool stays_here(std::string_view action) {
  return !action.starts_with("//") && action.find(':') == std::string_view::npos;
}

}  // namespace

std::string with_session_marks(std::string_view page, std::string_view csrf,
                               std::string_view user) {
  const std::string field =
      cat({"<input type=\"hidden\" name=\"csrf\" value=\"", html_escape(csrf), "\"/>"});
  const std::string meta = cat({"<meta name=\"lb-csrf\" content=\"", html_escape(csrf), "\"/>"});
  const std::string logout =
      cat({"<form class=\"session\" method=\"post\" action=\"/admin/logout\">", field,
           "<button type=\"submit\">Log out ", html_escape(user), "</button></form>\n"});
  std::string out;
  out.reserve(page.size() + 4096);
  std::size_t done = 0;
  for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at)) {
    if (page.substr(at, 4) == "<!--") {
      const std::size_t end = page.find("-->", at);
      if (end == std::string_view::npos) break;
      at = end;
      continue;
    }
    const std::size_t end = end_of_tag(page, at);
    if (end == std::string_view::npos) break;
    const std::string_view tag = page.substr(at, end - at);
    const auto is = [tag](std::string_view name) {
      return istarts_with(tag, name) && tag.size() > name.size() &&
             std::string_view(" \t\r\n/>").find(tag[name.size()]) != std::string_view::npos;
    };
    if (is("</header")) {
      out.append(page.substr(done, at - done)).append(logout);
      done = at;
    } else if (is("<head") || (is("<form") && attribute_of(tag, "method") == "post" &&
                               stays_here(attribute_of(tag, "action")))) {
      out.append(page.substr(done, end - done)).append(is("<head") ? meta : field);
      done = end;
    }
    at = end;
  }
  return out.append(page.substr(done));
}

}  // namespace lb
