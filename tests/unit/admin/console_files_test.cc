#include "admin/page/console_files.h"

#include <algorithm>
#include <set>
#include <string>

#include "admin/page/builtin.h"
#include "base/cat.h"
#include "base/strings.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::size_t kMaxBytes = 96'000;  // of one viewer that opens every page

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What stands between `before` and the next quote, for each place.
std::set<std::string> quoted_after(std::string_view text, std::string_view before, char quote) {
  std::set<std::string> out;
  for (std::size_t at = text.find(before); at != text.npos; at = text.find(before, at + 1)) {
    const std::size_t begin = at + before.size();
    out.emplace(text.substr(begin, text.find(quote, begin) - begin));
  }
  return out;
}

// The quoted words of the list that ends with `end`.
std::set<std::string> listed_before(std::string_view text, std::string_view end) {
  std::set<std::string> out;
  const std::size_t at = text.find(end);
  if (at == text.npos) return out;
  const std::size_t begin = text.rfind('[', at);
  const auto parts = split(text.substr(begin, at - begin), '\'');
  for (std::size_t i = 1; i < parts.size(); i += 2) out.emplace(parts[i]);
  return out;
}

}  // namespace

TEST_GROUP(ConsoleFiles){};

TEST(ConsoleFiles, ThePageHasTheAddressesOfItsParts) {
  for (const char* path :
       {"/admin/console", "/admin/console/", "/admin/console/mounts", "/admin/console/accounts",
        "/admin/console/users", "/admin/console/tokens", "/admin/console/bans",
        "/admin/console/certificates", "/admin/console/audit", "/admin/console/archive",
        "/admin/console/audience", "/admin/console/usage", "/admin/console/reports",
        "/admin/console/nodes", "/admin/console/server", "/admin/console/stations"}) {
    const auto file = console_file(path);
    CHECK_TEXT(file && file->is_page, path);
  }
}
TEST(ConsoleFiles, WhatIsNoneOfThemStaysWhatItWas) {
  for (const char* path : {"/admin/", "/admin/consoles", "/admin/console.xsl", "/admin/console/x",
                           "/admin/console/mounts/", "/admin/console/shell.html",
                           "/admin/console/../stats", "/console", ""})
    CHECK_TEXT(!console_file(path), path);
}
TEST(ConsoleFiles, EverythingThatIsReferredToIsThere) {
  const auto page = console_file("/admin/console");
  std::size_t bytes = page->bytes.size();
  std::set<std::string> to_read;
  for (const char* attribute : {"src=\"", "href=\""})
    for (const std::string& path : quoted_after(page->bytes, attribute, '"'))
      if (path.starts_with(cat({kConsolePath, "/"}))) to_read.insert(path);
  std::set<std::string> seen;
  while (!to_read.empty()) {
    const std::string path = *to_read.begin();
    to_read.erase(to_read.begin());
    if (!seen.insert(path).second) continue;
    const auto file = console_file(path);
    CHECK_TEXT(file.has_value(), path.c_str());
    bytes += file->gzip.size();
    for (const std::string& name : quoted_after(file->bytes, "from './", '\''))
      to_read.insert(std::string(kConsolePath) + "/" + name);
    // Of a page: when it is opened.
    auto pages = quoted_after(file->bytes, "load('", '\'');
    pages.merge(listed_before(file->bytes, "]) pages['/' + name] = load(name);"));
    for (const std::string& name : pages)
      to_read.insert(std::string(kConsolePath) + "/" + name + ".js");
  }
  // One language beside English.
  std::size_t largest = 0;
  for (const char* language : {"de", "es", "fr", "pt"}) {
    const auto file = console_file(cat({kConsolePath, "/texts_", language, ".js"}));
    CHECK_TEXT(file.has_value(), language);
    largest = std::max(largest, file->gzip.size());
  }
  bytes += largest;
  CHECK(seen.size() >= 20);
  CHECK_TEXT(bytes <= kMaxBytes, std::to_string(bytes).c_str());
}
TEST(ConsoleFiles, ABrowserSaysWhetherItTakesGzip) {
  for (const char* value :
       {"gzip", "gzip, deflate, br", "br;q=1.0,GZIP;q=0.2", "identity, gzip ; q=1"})
    CHECK_TEXT(takes_gzip(value), value);
  for (const char* value :
       {"", "identity", "br", "gzip;q=0", "gzip; q=0.000, br", "x-gzip", "gzipped"})
    CHECK_TEXT(!takes_gzip(value), value);
}
TEST(ConsoleFiles, NoDataBecomesMarkupAndNothingComesFromElsewhere) {
  for (const BuiltinFile& file : builtin_files()) {
    if (!file.path.starts_with("admin/console/")) continue;
    for (const char* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "eval(", "new Function", " style=\"", "onclick=", "://fonts", "cdn."})
      CHECK_TEXT(!holds(file.bytes, word), (std::string(file.path) + ": " + word).c_str());
    std::string bytes(file.bytes);
    // The name of a namespace; nothing is asked for there.
    const std::string name = "'http://www.w3.org/2000/svg'";
    if (const auto at = bytes.find(name); at != bytes.npos) bytes.erase(at, name.size());
    for (const char* scheme : {"\"https://", "'https://", "url(http", "\"http://", "'http://"})
      CHECK_TEXT(!holds(bytes, scheme), std::string(file.path).c_str());
  }
}
TEST(ConsoleFiles, ThePageSaysWhatTheServerHas) {
  const auto page = console_file("/admin/console");
  const auto told = console_page(page->bytes, "etcd", true, AdminRole::kAdmin);
  CHECK(holds(told, "<meta name=\"lb-store\" content=\"etcd\"/>"));
  CHECK(holds(told, "<meta name=\"lb-audience\" content=\"on\"/>"));
}
