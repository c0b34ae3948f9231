// PageCache: public pages, rendered on the clerk at most twice a second each and shared, so that a
// polling crowd costs one rendering.
//
// Thread: get() and its callback on control; the rendering on the clerk.
// Ownership: Services.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/render.h"
#include "app/services.h"

namespace lb {

struct ListenersElsewhere;

class PageCache {
 public:
  explicit PageCache(Services& services) : services_(services) {}

  using Page = std::shared_ptr<const Result<RenderedPage>>;
  using Then = UniqueFunction<void(Page)>;
  // path: "/status-json.xsl", "/status.xsl", "/m.xspf"; only mount= and array= of a query matter.
  void get(const std::string& path, const std::string& query, Then then);
  // An admin document and its template; never shared.
  void render_admin(std::string template_name, std::string document, Then then);

 private:
  struct Entry {
    Page page;  // null: being rendered for the first time
    SteadyTime made{};
    bool rendering = false;
    std::vector<Then> waiting;
  };
  struct Ask {
    std::string path;
    std::optional<std::string> mount;
    bool array = false;
  };
  // On the clerk; the rest of a cluster is known on control only.
  Result<RenderedPage> render(const Ask& ask, const ListenersElsewhere& elsewhere,
                              const Config& config);

  Services& services_;
  XsltRenderer renderer_;  // clerk
  std::map<std::string, Entry> entries_;
};

}  // namespace lb
