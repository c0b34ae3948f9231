#include "app/topology/country_watch.h"

#include <utility>

#include "app/services/runtime.h"
#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {
CountryWatch::CountryWatch(Runtime& runtime)
    : runtime_(runtime), holder_(std::make_shared<const Holder>()) {}

void CountryWatch::read() {
  const std::string path = runtime_.config.read()->paths.geoipdb;
  const FileStamp stamp = FileStamp::of_file(path);
  if (path == path_ && stamp_.still_holds(stamp)) return;
  const bool other = std::exchange(path_, path) != path;
  const bool is_news = !(std::exchange(stamp_, stamp) == stamp) || other;
  if (path.empty()) {
    holder_.publish(std::make_shared<const Holder>());
    return;
  }
  auto opened = CountryFile::open(path);
  if (!opened) {
    if (is_news)
      runtime_.log.error("cluster/country",
                         opened.error().what + (holder_.read()->file && !other
                                                    ? "; the one that was read before stays"
                                                    : "; the country of a listener is not known"));
    if (other) holder_.publish(std::make_shared<const Holder>());
    return;
  }
  if (is_news)
    runtime_.log.info("cluster/country", cat({"countries are looked up in ", path, " (",
                                              (*opened)->type().substr(0, 60), ")"}));
  holder_.publish(std::make_shared<const Holder>(Holder{std::move(*opened)}));
}

std::string CountryWatch::country_of(const Address& address) const {
  const auto holder = holder_.read();
  return holder->file ? holder->file->country(address) : std::string();
}

}  // namespace lb
