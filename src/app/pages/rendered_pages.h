// RenderedPages: rendered public pages by key, and the requests that wait for a rendering.  A page
// is rendered once for all requests while it is fresh.
//
// Strangers choose the pages, so everything is bounded: kept pages, pages waiting to be rendered,
// and bytes.  A slow reader keeps an old rendering alive: the bytes of all living renderings are
// counted, and too_old() returns the oldest beyond the bound.
//
// Thread: one (control).
// Ownership: PageCache.  Pure: no loop, no clock.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "admin/page/render.h"
#include "base/clock.h"
#include "base/unique_function.h"

namespace lb {

class RenderedPages {
 public:
  static constexpr std::size_t kMaxPages = 256;
  static constexpr std::size_t kMaxBytes = 32 << 20;
  static constexpr std::size_t kMaxQueued = 16;       // pages of one mount
  static constexpr std::size_t kMaxQueuedOfAll = 32;  // … and pages of all mounts

  using Page = std::shared_ptr<const Result<RenderedPage>>;
  using Then = UniqueFunction<void(Page)>;
  enum class Step : std::uint8_t {
    kAnswered,  // `then` got a page, or null: too many wait
    kWaits,     // made() will call `then`
    kRender,    // the same, and the caller must render the page
  };
  // one_mount: the page shows one mount only.
  Step ask(const std::string& key, bool one_mount, SteadyTime now, Then then);
  // Stores a page, fresh until then, and answers all requests that wait for it.
  void made(const std::string& key, const Page& page, SteadyTime fresh_until);
  // Renderings whose readers have to be ended, because living ones have too many bytes.
  std::vector<Page> too_old();

  std::size_t pages() const noexcept { return entries_.size(); }
  std::size_t queued() const noexcept { return queued_; }

 private:
  struct Entry {
    Page page;  // null: in its first rendering
    SteadyTime fresh_until{};
    bool rendering = false;
    std::vector<Then> waiting;
  };
  void make_room(SteadyTime now);

  std::map<std::string, Entry> entries_;
  std::size_t queued_ = 0;
  std::deque<std::weak_ptr<const Result<RenderedPage>>> living_;  // oldest first
};

}  // namespace lb
