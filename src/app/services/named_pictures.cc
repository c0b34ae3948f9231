#include "app/services/named_pictures.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "config/settings/station_settings.h"
#include "media/picture.h"

namespace lb {
namespace {

constexpr std::string_view kScheme = "https://";

// REQUIRES: the address may be fetched, so it begins with kScheme
std::string picture_host(std::string_view url) {
  url.remove_prefix(kScheme.size());
  return to_lower(url.substr(0, url.find_first_of("/?#")));
}

}  // namespace

bool may_fetch_picture(const std::vector<std::string>& hosts, std::string_view url) {
  if (!istarts_with(url, kScheme) || !is_fetchable(url)) return false;
  // A login, a port, or a host's end that only some programs see matches no pattern.
  const std::string host = picture_host(url);
  return std::ranges::any_of(hosts, [&host](const std::string& pattern) {
    if (!is_picture_host(pattern)) return false;
    const std::string wanted = to_lower(pattern);
    if (!wanted.starts_with("*.")) return host == wanted;
    const std::string_view below = std::string_view(wanted).substr(1);
    return host.size() > below.size() && host.ends_with(below) &&
           host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  });
}

void NamedPictures::titled(const std::vector<std::string>& hosts, const std::string& mount,
                           const std::string& song, const std::string& url) {
  if (!may_fetch_picture(hosts, url)) return;
  if (const auto known = known_.find(url); known != known_.end() && callbacks_.has(known->second))
    return callbacks_.found(mount, song, known->second);
  if (under_way_ >= kUnderWay) {
    log_.info("art/fetch", cat({"mount ", mount, ": ", kUnderWay,
                                " pictures are being fetched; the title is shown without one"}));
    return;
  }
  ++under_way_;
  FetchRequest request;
  request.purpose = FetchPurpose::kPicture;
  request.url = url;
  request.timeout = kAnswer;
  request.redirects = 0;
  request.body_bytes = kMaxPictureBytes + 1;
  request.named_by = Reach::kPublic;
  callbacks_.fetch(std::move(request), [this, mount, song, url](Result<FetchAnswer> answer) {
    answered(mount, song, url, std::move(answer));
  });
}

void NamedPictures::answered(const std::string& mount, const std::string& song,
                             const std::string& url, Result<FetchAnswer> answer) {
  --under_way_;
  const auto without = [&](const std::string& of, std::string_view why) {
    callbacks_.refused(mount, song, std::string(why));
    if (told_.size() >= kRemembered) told_.clear();
    if (told_.insert(of).second)
      log_.warn("art/fetch", cat({"mount ", mount, ": no picture from ", why,
                                  "; its titles are shown without one"}));
  };
  // Each title may have another address of a host that cannot be asked.
  if (!answer) return without(picture_host(url), answer.error().what);
  const std::string shown = shown_url(url);
  if (answer->status != 200) return without(shown, cat({shown, ": status ", answer->status}));
  const auto name = callbacks_.put(mount, std::move(answer->body));
  if (!name) return without(shown, cat({shown, ": ", name.error().what}));
  if (known_.size() >= kRemembered) known_.clear();
  known_[url] = *name;
  callbacks_.found(mount, song, *name);
}

}  // namespace lb
