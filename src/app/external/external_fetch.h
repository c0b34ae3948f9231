// ExternalFetch: one request to the backend of an external configuration: gets, checks and parses
// all pages of the answer.
//
// Thread: control; lists are parsed on the clerk.  The callback comes once, later, and never after
// stop().
// Ownership: ExternalService.
// Bounds: kMaxExternalBytes and kMaxExternalPages an answer.
// Errors: no answer, a status other than 200 and 304, an invalid list, a page of another server:
// the whole answer is ignored.
// Source: doc/external.md; RFC 7240 (Prefer: wait).
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/unique_function.h"
#include "config/mounts/external_list.h"
#include "config/settings/external_settings.h"
#include "net/fetch/fetch.h"

namespace lb {

struct ExternalAnswer {
  bool unchanged = false;  // 304
  std::vector<ExternalMount> mounts;
  std::string etag;      // "": none
  std::string identity;  // the ETag, else a digest of all pages
  bool waits = false;    // the backend claims to wait for changes
};

class ExternalFetch {
 public:
  using Done = UniqueFunction<void(Result<ExternalAnswer>)>;

  ExternalFetch(Loop& control, Loop& clerk);
  ~ExternalFetch();

  struct Ask {
    std::string url;   // with its query
    std::string etag;  // of the present list; "": none
    std::chrono::seconds wait{0};
    std::chrono::milliseconds timeout{10'000};  // in addition to the wait
    bool by_name = false;                       // 404 means that the backend has none of the names
  };
  void start(const ExternalSettings& settings, Ask ask, Done done);
  // Ends the request without a callback.
  void stop();

 private:
  struct Question;
  void ask_page(const std::shared_ptr<Question>& question, std::string url);
  void page_came(const std::shared_ptr<Question>& question, Result<FetchAnswer> answer);
  void finish(const std::shared_ptr<Question>& question, Result<ExternalAnswer> answer);

  Loop& control_;
  Loop& clerk_;
  Fetcher fetcher_;
  std::set<std::shared_ptr<Question>> questions_;
};

}  // namespace lb
