// CurlLoop: libcurl's multi interface, driven by a Loop; the common part of Fetcher and LineStream.
//
// Thread: the loop's.
// Ownership: easy handles belong to the caller, which removes them before their clean-up.
// Callbacks: `done` is called after the handle was removed, and never from within add() or
// remove().
#pragma once

#include <curl/curl.h>

#include <memory>
#include <unordered_map>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {

struct FreeCurlList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CloseCurlEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using CurlList = std::unique_ptr<curl_slist, FreeCurlList>;
using CurlEasy = std::unique_ptr<CURL, CloseCurlEasy>;

class CurlLoop {
 public:
  using Done = UniqueFunction<void(CURL*, CURLcode)>;

  CurlLoop(Loop& loop, Done done);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void add(CURL* easy);  // arms the timer; nothing happens yet
  void remove(CURL* easy);

 private:
  struct Socket {
    CurlLoop* owner = nullptr;
    curl_socket_t fd = -1;
    Watch watch;
    void on_ready(short events) { owner->on_socket(fd, events); }
  };

  static int want_socket(CURL*, curl_socket_t fd, int what, void* self, void* known);
  static int want_time(CURLM*, long milliseconds, void* self);
  void on_socket(curl_socket_t fd, short events);
  void on_time();
  void collect();

  Loop& loop_;
  Done done_;
  CURLM* multi_ = nullptr;
  std::unordered_map<curl_socket_t, std::unique_ptr<Socket>> sockets_;
  Timer timer_;
};

// Sets the request's method, body, headers, login, certificates and socket options, but not its
// time-out.  The request must outlive the handle.  `detail` has CURL_ERROR_SIZE bytes.  Errors: a
// TLS file is missing or too long.
Result<void> prepare_curl(CURL* easy, const FetchRequest& request, CurlList& headers, char* detail);
// kTimeout, kInvalid, kIo or kClosed, with the address that was asked, as shown_url() has it.
Error curl_error(CURLcode code, const FetchRequest& request, const char* detail);

}  // namespace lb
