// RenderedPages: public pages that have been rendered, by key, and the requests that wait for
// one that is being rendered.  A page is rendered once for all requests while it is fresh.
//
// A stranger chooses what is asked for; so everything here has a bound: pages kept, pages waiting
// to be rendered, and bytes.  A page may be read slowly after newer ones have been made: the bytes
// of all renderings that still live are counted, and the oldest beyond the bound are named.
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
  static constexpr std::size_t kMaxQueued = 16;  // pages of one mount
  static constexpr std::size_t kMaxQueuedOfAll =
      32;  // … and those of all mounts, of which there are few

  using Page = std::shared_ptr<const Result<RenderedPage>>;
  using Then = UniqueFunction<void(Page)>;
  enum class Step : std::uint8_t {
    kAnswered,  // `then` has been called: with a page, or with null, because too many wait
    kWaits,     // it will be called by made()
    kRender,    // the same, and the caller has this page rendered
  };
  // one_mount: a page of a single mount.
  Step ask(const std::string& key, bool one_mount, SteadyTime now, Then then);
  // Fresh until then.  Every request that waits for it is called.
  void made(const std::string& key, const Page& page, SteadyTime fresh_until);
  // Renderings whose readers have to go, because all that live are too many bytes.
  std::vector<Page> too_old();

  std::size_t pages() const noexcept { return entries_.size(); }
  std::size_t queued() const noexcept { return queued_; }

 private:
  struct Entry {
    Page page;  // null: being rendered for the first time
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
