// ExternalFetch: one question to the backend of an external configuration: all pages of the answer,
// judged and parsed.
//
// Thread: control; lists are parsed on the clerk.  A callback comes once, later, unless stop() was
// called.
// Ownership: ExternalService.
// Bounds: kMaxExternalBytes and kMaxExternalPages an answer.
// Errors: no answer, another status than 200 and 304, no list, a page of another server: nothing of
// it is believed.
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
  std::string etag;      // "": it has none
  std::string identity;  // the ETag, else a digest of all pages
  bool waits = false;    // the backend says that it waits for changes
};

class ExternalFetch {
 public:
  using Done = UniqueFunction<void(Result<ExternalAnswer>)>;

  ExternalFetch(Loop& control, Loop& clerk);
  ~ExternalFetch();

  struct Ask {
    std::string url;   // with its query
    std::string etag;  // of what is known; "": nothing
    std::chrono::seconds wait{0};
    std::chrono::milliseconds timeout{10'000};  // beside the wait
    bool by_name = false;                       // 404: the backend has none of them
  };
  void start(const ExternalSettings& settings, Ask ask, Done done);
  // No callback comes any more.
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
