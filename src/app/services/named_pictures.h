// NamedPictures: pictures that streams name by an address (StreamUrl), fetched only from the hosts
// of <art fetch=>.
//
// A source could otherwise make this server ask any address.  So the address must have https, the
// usual port, no login and a public IP address after resolution, and redirects are not followed.
// Thread: control.
// Ownership: Services.
// Bounds: kUnderWay fetches at once; a title beyond that has no picture.  The caller reports a
// mount at most once a second.
// Errors: an answer that is not a picture is logged once for each address, a failed fetch once for
// each host; the title is shown without a picture.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "net/fetch/fetch.h"

namespace lb {

class NamedPictures {
 public:
  static constexpr std::size_t kUnderWay = 8, kRemembered = 256;
  static constexpr std::chrono::milliseconds kAnswer{5000};

  struct Callbacks {
    std::function<void(FetchRequest, Fetcher::Done)> fetch;
    // Returns the picture's name.  Error: no picture that may be shown.
    std::function<Result<std::string>(const std::string& mount, std::string bytes)> put;
    std::function<bool(const std::string& name)> has;
    std::function<void(const std::string& mount, const std::string& song, const std::string& name)>
        found;
    // Called with the reason why the picture is not shown.
    std::function<void(const std::string& mount, const std::string& song, std::string why)> refused;
  };
  NamedPictures(Log& log, Callbacks callbacks) : log_(log), callbacks_(std::move(callbacks)) {}

  void titled(const std::vector<std::string>& hosts, const std::string& mount,
              const std::string& song, const std::string& url);

 private:
  void answered(const std::string& mount, const std::string& song, const std::string& url,
                Result<FetchAnswer> answer);

  Log& log_;
  const Callbacks callbacks_;
  std::size_t under_way_ = 0;
  std::map<std::string, std::string> known_;  // names of pictures by address
  std::set<std::string> told_;                // hosts and addresses
};

// hosts: "covers.example.org", or "*.example.org" for all names below it.
bool may_fetch_picture(const std::vector<std::string>& hosts, std::string_view url);

}  // namespace lb
