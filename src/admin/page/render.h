// XsltRenderer: document + template → page.  Templates are files of webroot or adminroot; where
// one is missing, the page built into the program stands in (doc/decisions.md B7).
//
// Thread: one at a time for each renderer; several may be at work at once.
// Cache: parsed templates, by path, size and modification time in nanoseconds; at most kCacheSize.
// Safety: templates reach no network, write no file, and read none outside of their root.
// 7.xsl, SHOUTcast's line, lies in compat/: Icecast's folder has none and answers 404.  It stands
// in at its usual place where the web root has no pages of its own at all.
// Source of the
// Content-Type rule: Icecast 2.4.4.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lb {

struct RenderedPage {
  std::string content_type;  // "text/html; charset=UTF-8"
  std::string body;
  bool brings_its_own = false;  // scripts, styles, parts from elsewhere (template_scan.h)
  bool names_host = false;      // its addresses are by the name that its reader asked by
};

// Which set of built-in pages stands in.
enum class TemplateRoot : std::uint8_t { kWeb, kAdmin };

// Whether there is such a template, whatever is in it.
// Thread: any; asks the disk, as for a file.
bool has_template(TemplateRoot root, const std::string& directory, const std::string& name);

class XsltRenderer {
 public:
  static constexpr std::size_t kCacheSize = 64;
  static constexpr std::size_t kMaxTemplateBytes = 1 << 20;

  XsltRenderer();
  ~XsltRenderer();
  XsltRenderer(const XsltRenderer&) = delete;
  XsltRenderer& operator=(const XsltRenderer&) = delete;

  // directory: webroot or adminroot; name: "status.xsl", "compat/7.xsl", no "..".
  // Errors: kNotFound: neither a file nor built in; kDenied: a path that leaves the root;
  // kInvalid: no stylesheet, or it stopped with an error; kIo: cannot be read.
  // For Icecast's clients all of them are 404 "Could not parse XSLT file".
  Result<RenderedPage> render(TemplateRoot root, const std::string& directory,
                              const std::string& name, std::string_view document_xml);

  std::size_t cached() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Initialises libxml2 and libxslt and takes their network access away, for the whole process.
// main() calls it before there are threads; more calls do no harm.
void init_xml_libraries();

}  // namespace lb
