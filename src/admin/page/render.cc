#include "admin/page/render.h"

#include <libxml/parser.h>
#include <libxml/uri.h>
#include <libxml/xmlerror.h>
#include <libxslt/imports.h>
#include <libxslt/transform.h>
#include <libxslt/xsltInternals.h>
#include <libxslt/xsltutils.h>

#include <cstdarg>
#include <map>
#include <mutex>

#include "admin/page/builtin.h"
#include "admin/page/template_file.h"
#include "admin/page/template_scan.h"
#include "admin/page/xml_fence.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

template <class T, void (*kFree)(T*)>
struct FreeWith {
  void operator()(T* p) const noexcept { kFree(p); }
};
void free_xml_text(xmlChar* text) { xmlFree(text); }
using DocPtr = std::unique_ptr<xmlDoc, FreeWith<xmlDoc, xmlFreeDoc>>;
using StylePtr = std::unique_ptr<xsltStylesheet, FreeWith<xsltStylesheet, xsltFreeStylesheet>>;
using TransformPtr =
    std::unique_ptr<xsltTransformContext, FreeWith<xsltTransformContext, xsltFreeTransformContext>>;
using XmlTextPtr = std::unique_ptr<xmlChar, FreeWith<xmlChar, free_xml_text>>;

// Collects the error messages that the libraries write on this thread.
class ErrorText {
 public:
  ErrorText() {
    // libxslt has one error function for all threads, libxml2 one for each.
    static std::once_flag once;
    std::call_once(once, [] { xsltSetGenericErrorFunc(nullptr, &ErrorText::append); });
    xmlSetGenericErrorFunc(nullptr, &ErrorText::append);
    here_ = this;
  }
  ~ErrorText() { here_ = nullptr; }
  ErrorText(const ErrorText&) = delete;
  ErrorText& operator=(const ErrorText&) = delete;

  // "template status.xsl: PROBLEM: first lines of the library's message"
  Error about(const std::string& name, std::string_view problem) const {
    std::string what = cat({"template ", name, ": "});
    what += problem;
    if (const std::string_view text = trim(text_); !text.empty()) {
      what += ": ";
      for (const char c : text) what += c == '\n' ? ' ' : c;
    }
    return Error::invalid(std::move(what));
  }

 private:
  static constexpr std::size_t kMaxText = 1000;
  __attribute__((format(printf, 2, 3))) static void append(void*, const char* format, ...) {
    if (here_ == nullptr || here_->text_.size() >= kMaxText) return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    here_->text_ += line;
  }
  static inline thread_local ErrorText* here_ = nullptr;
  std::string text_;
};

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

std::string content_type_of(xsltStylesheetPtr style, const xmlDoc& result) {
  const xmlChar *media = nullptr, *method = nullptr, *encoding = nullptr;
  XSLT_GET_IMPORT_PTR(media, style, mediaType);
  XSLT_GET_IMPORT_PTR(method, style, method);
  XSLT_GET_IMPORT_PTR(encoding, style, encoding);
  std::string type(view(media));
  if (type.empty()) {
    const bool html =
        view(method) == "html" || (method == nullptr && result.type == XML_HTML_DOCUMENT_NODE);
    type = html ? "text/html" : view(method) == "text" ? "text/plain" : "text/xml";
  }
  if (to_lower(type).find("charset=") != type.npos) return type;
  type += "; charset=";
  type += encoding == nullptr ? "UTF-8" : view(encoding);
  return type;
}

// The doctype of the built-in templates.  Its public name makes libxml2 close elements as browsers
// expect; its system name is the one that HTML allows there (13.1.1).  Browsers get HTML's doctype.
constexpr std::string_view kOwnDoctype =
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"about:legacy-compat\">";

std::string builtin_key(TemplateRoot root, const std::string& name) {
  return (root == TemplateRoot::kWeb ? "web/" : "admin/") + name;
}

// The name of the built-in page for a template without a file.
std::string builtin_name(TemplateRoot root, const std::string& directory, const std::string& name) {
  const bool ours = directory.empty() || !identify_file(directory + "/status.xsl");
  return root == TemplateRoot::kWeb && name == "7.xsl" && ours ? "compat/7.xsl" : name;
}

}  // namespace

struct XsltRenderer::State {
  struct Template {
    FileStamp identity;
    std::string root;  // the only directory for imports; "": none
    StylePtr style;
    bool brings_its_own = false;
  };
  // The key is the path; for built-in pages the name without a leading '/'.
  std::map<std::string, std::unique_ptr<Template>> cache;

  Result<Template*> from_file(const std::string& directory, const std::string& name,
                              const FileStamp& identity);
  Result<Template*> from_builtin(TemplateRoot root, const std::string& name);
  Result<Template*> find(TemplateRoot root, const std::string& directory, const std::string& name);
  Result<Template*> parse(const std::string& key, std::string_view bytes, const std::string& uri,
                          std::string directory);
};

Result<XsltRenderer::State::Template*> XsltRenderer::State::parse(const std::string& key,
                                                                  std::string_view bytes,
                                                                  const std::string& uri,
                                                                  std::string directory) {
  const ErrorText errors;
  DocPtr doc(parse_template(bytes, uri, nullptr));
  if (doc == nullptr) return errors.about(key, "is not XML");
  auto entry = std::make_unique<Template>();
  entry->root = std::move(directory);
  entry->style.reset(xsltNewStylesheet());
  if (entry->style == nullptr) return Error::limit(cat({"template ", key, ": no memory"}));
  entry->style->_private = &entry->root;  // load_document() reads it at an import
  if (xsltParseStylesheetUser(entry->style.get(), doc.get()) != 0 || entry->style->errors != 0) {
    entry->style->doc = nullptr;  // `doc` frees the document
    return errors.about(key, "is not a stylesheet");
  }
  static_cast<void>(doc.release());  // the stylesheet owns the document now
  entry->brings_its_own = brings_its_own(*entry->style);
  if (cache.size() >= kCacheSize) cache.clear();
  auto& slot = cache[key];
  slot = std::move(entry);
  return slot.get();
}

Result<XsltRenderer::State::Template*> XsltRenderer::State::from_file(const std::string& directory,
                                                                      const std::string& name,
                                                                      const FileStamp& identity) {
  const std::string path = cat({directory, "/", name});
  if (const auto cached = cache.find(path); cached != cache.end()) {
    if (cached->second->identity.still_holds(identity)) return cached->second.get();
    cache.erase(cached);
  }
  auto root = real_directory(directory);
  if (!root) return root.error();
  const auto file = read_file(path, {.limit = kMaxTemplateBytes});
  if (!file) return Error{file.error().code, "template " + file.error().what};
  auto parsed = parse(path, file->text, file_uri(cat({*root, "/", name})), *root);
  if (parsed) (*parsed)->identity = identity;
  return parsed;
}

Result<XsltRenderer::State::Template*> XsltRenderer::State::from_builtin(TemplateRoot root,
                                                                         const std::string& name) {
  const std::string key = builtin_key(root, name);
  if (const auto cached = cache.find(key); cached != cache.end()) return cached->second.get();
  const BuiltinFile* file = builtin_file(key);
  if (file == nullptr) return Error::not_found(cat({"template ", name, ": there is no such file"}));
  return parse(key, file->bytes, key, "");
}

Result<XsltRenderer::State::Template*> XsltRenderer::State::find(TemplateRoot root,
                                                                 const std::string& directory,
                                                                 const std::string& name) {
  if (!is_inside_name(name))
    return Error::denied(cat({"template ", name, ": leaves its directory"}));
  if (!directory.empty()) {
    const auto identity = identify_file(cat({directory, "/", name}));
    if (identity) return from_file(directory, name, *identity);
    if (identity.error().code != Error::Code::kNotFound) return identity.error();
  }
  return from_builtin(root, builtin_name(root, directory, name));
}

bool has_template(TemplateRoot root, const std::string& directory, const std::string& name) {
  if (!is_inside_name(name)) return false;
  if (!directory.empty()) {
    const auto identity = identify_file(cat({directory, "/", name}));
    if (identity || identity.error().code != Error::Code::kNotFound) return true;
  }
  return builtin_file(builtin_key(root, builtin_name(root, directory, name))) != nullptr;
}

XsltRenderer::XsltRenderer() : state_(std::make_unique<State>()) { init_xml_libraries(); }
XsltRenderer::~XsltRenderer() = default;

std::size_t XsltRenderer::cached() const noexcept { return state_->cache.size(); }

Result<RenderedPage> XsltRenderer::render(TemplateRoot root, const std::string& directory,
                                          const std::string& name, std::string_view document_xml) {
  const auto found = state_->find(root, directory, name);
  if (!found) return found.error();
  xsltStylesheetPtr style = (*found)->style.get();

  const ErrorText errors;
  const DocPtr document(parse_document(document_xml));
  if (document == nullptr) return errors.about(name, "got a document that is not XML");
  const TransformPtr transform(xsltNewTransformContext(style, document.get()));
  if (transform == nullptr) return Error::limit(cat({"template ", name, ": no memory"}));
  const DocPtr result(
      xsltApplyStylesheetUser(style, document.get(), nullptr, nullptr, nullptr, transform.get()));
  if (result == nullptr || transform->state != XSLT_STATE_OK)
    return errors.about(name, "stopped with an error");

  xmlChar* text = nullptr;
  int size = 0;
  const int saved = xsltSaveResultToString(&text, &size, result.get(), style);
  const XmlTextPtr owner(text);
  if (saved != 0) return errors.about(name, "made a page that cannot be written");
  RenderedPage page{content_type_of(style, *result), "", (*found)->brings_its_own};
  page.from_file = !(*found)->root.empty();
  if (text != nullptr)
    page.body.assign(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  if (page.body.starts_with(kOwnDoctype))
    page.body.replace(0, kOwnDoctype.size(), "<!DOCTYPE html>");
  return page;
}

}  // namespace lb
