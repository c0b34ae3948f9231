// XsltRenderer: document + template → page.  Templates are files of webroot or adminroot; a page
// built into the program replaces a missing one (doc/decisions.md B7).
//
// Thread: one at a time for each renderer; several may be at work at once.
// Cache: parsed templates, by path, size and modification time in nanoseconds; at most kCacheSize.
// Safety: templates reach no network, write no file, and read none outside of their root.
// 7.xsl, the page of SHOUTcast, lies in compat/, because Icecast has no such page and answers 404.
// It is used at its usual place if the web root has no pages of its own at all.
// Source: Icecast 2.4.4, for the Content-Type rule.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/page_headers.h"

namespace lb {

struct RenderedPage {
  std::string content_type;  // "text/html; charset=UTF-8"
  std::string body;
  bool brings_its_own = false;  // scripts, styles, parts from elsewhere (template_scan.h)
  bool names_host = false;      // its addresses contain the host name of the request
  bool from_file = false;       // by a template of the station's folder

  PageKind kind() const noexcept {
    if (brings_its_own) return PageKind::kDesigned;
    return from_file ? PageKind::kTemplate : PageKind::kPlain;
  }
};

// The set of built-in pages that replaces missing files.
enum class TemplateRoot : std::uint8_t { kWeb, kAdmin };

// Whether the template exists; its content is not checked.
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
  // Icecast's clients get 404 "Could not parse XSLT file" for all of these errors.
  Result<RenderedPage> render(TemplateRoot root, const std::string& directory,
                              const std::string& name, std::string_view document_xml);

  std::size_t cached() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Initialises libxml2 and libxslt and removes their network access, for the whole process.  main()
// calls it before there are threads; further calls have no effect.
void init_xml_libraries();

}  // namespace lb
