#include "media/framer.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace lb {

// One line for each format; the file that implements it defines it.
extern const FramerPlugin kMpegFramer;
extern const FramerPlugin kOggFramer;
extern const FramerPlugin kEbmlFramer;

namespace {

// Accepts every type without a framer: no marks, all bytes pass at once.
class OpaqueFramer final : public Framer {
 public:
  explicit OpaqueFramer(std::uint64_t begin) noexcept : position_(begin) {}
  void consume(std::span<const std::byte> bytes, MarkSink& /*sink*/) override {
    position_ += bytes.size();
  }
  std::uint64_t complete() const noexcept override { return position_; }
  void save(RecordOut& out) const override { out(1, position_); }
  void restore(RecordIn& in) override { in(1, position_); }

 private:
  std::uint64_t position_;
};

constexpr FramerPlugin kOpaqueFramer{
    .name = "opaque",
    .types = {},
    .icy_metadata = true,
    .make = [](std::uint64_t begin, MediaTime) -> std::unique_ptr<Framer> {
      return std::make_unique<OpaqueFramer>(begin);
    },
    .make_rewriter = nullptr,
};

}  // namespace

std::span<const FramerPlugin> framer_plugins() {
  static const std::array<FramerPlugin, 4> plugins = {kMpegFramer, kOggFramer, kEbmlFramer,
                                                      kOpaqueFramer};
  return plugins;
}

const FramerPlugin& framer_for(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  const auto plugins = framer_plugins();
  const auto names_it = [&](const FramerPlugin& plugin) {
    return std::find(plugin.types.begin(), plugin.types.end(), type) != plugin.types.end();
  };
  const auto found = std::find_if(plugins.begin(), plugins.end(), names_it);
  return found == plugins.end() ? plugins.back() : *found;
}

}  // namespace lb
