#include "http/error_page.h"

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

// Advice to the reader; "": the refusal itself has it.
std::string_view hint(int status) noexcept {
  switch (status) {
    case 401:
      return "This page needs a user name and a password. Load it again to be asked once more.";
    case 404:
      return "There is no such stream, page or file here. A stream is here only while its source "
             "is connected.";
    case 429:
    case 503:
      return "Please try again in a moment.";
    default:
      return "";
  }
}

}  // namespace

bool wants_page(const Headers& request) noexcept {
  return request.get("accept").find("text/html") != std::string_view::npos;
}

std::string styled_error_page(int status, std::string_view text) {
  const std::string number = std::to_string(status);
  const std::string phrase(reason_phrase(status));
  std::string out =
      cat({"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>",
           number, " ", phrase,
           " - icecast-lb</title>\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
           "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
           "<link rel=\"stylesheet\" type=\"text/css\" href=\"/style.css\"/>\n"
           "<link rel=\"icon\" type=\"image/png\" href=\"/icecast.png\"/>\n"
           "</head>\n<body>\n<header id=\"top\">\n<h1 "
           "id=\"header\">icecast-lb</h1>\n</header>\n<main>\n<h2>",
           phrase, "</h2>\n<div class=\"roundbox message\" role=\"alert\">\n<p><b>", number, " - ",
           html_escape(trim(text.substr(0, text.find_first_of("\r\n")))), "</b></p>\n"});
  if (const std::string_view advice = hint(status); !advice.empty())
    out.append("<p>").append(advice).append("</p>\n");
  return out +
         "</div>\n<p><a class=\"back\" href=\"/\">To the streams of this "
         "server</a></p>\n</main>\n</body>\n</html>\n";
}

}  // namespace lb
