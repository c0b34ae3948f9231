// Fetcher: small HTTP requests to other programs (URL authentication, directories), by GET or a
// POST of a form, many at a time, without blocking.
//
// Thread: one loop (control).  Done callbacks run there, once each, never before start() returns;
// cancel() and the destructor destroy them uncalled.
// Ownership: callbacks own their data; the Fetcher may be destroyed at any time.
// Bounds: a number of requests under way, of all and of one server (FetchTurns), and of waiting ones.
// A request's time-out counts from its sending; a login waits no longer than that for it.  TLS
// certificates are verified.  Only http and https.
// Library: libcurl's multi interface, driven by our loop.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/address/reach.h"
#include "net/loop/loop.h"

namespace lb {

// PEM files; "": none.
struct FetchTls {
  std::string ca_file;                // replaces the system's trusted roots
  std::string certificate, key_file;  // this server's own
  bool is_any_trusted = false;        // the answer itself proves its server
};

// What a request is for, where one Fetcher serves several parts; requests are counted by it.
enum class FetchPurpose : std::uint8_t {
  kLogin,        // whether a listener or a source may come
  kEvent,        // of the backend that decides about logins: listener_remove, mount_add …
  kWebhook,      // of <webhook>
  kCertificate,  // orders, and checks of names and ports
  kPicture,
  kOther,
};
inline constexpr std::array<std::string_view, 6> kFetchPurposeNames = {
    "login", "event", "webhook", "certificate", "picture", "other"};

struct FetchRequest {
  std::string url;
  std::optional<std::string> form;  // POST, application/x-www-form-urlencoded; nullopt: GET
  std::optional<std::string> json;  // POST, of json_type, in place of a form
  std::string json_type = "application/json";
  std::string user, password;  // Basic; none when both are empty
  std::string user_agent;
  std::vector<std::string> headers;  // whole lines, without their ends: "Range: bytes=0-99"
  FetchTls tls;
  std::chrono::milliseconds timeout{15000};
  unsigned redirects = 0;              // followed at most
  bool is_foreign = false;             // a redirect leads where its first server may_name()
  std::size_t body_bytes = 64 * 1024;  // kept of the answer's body; the rest is not read
  FetchPurpose purpose = FetchPurpose::kOther;
  // The reach of the server that named the address.  No connection is made to an address that it
  // may not name (kClosed); `out_of_reach` is that address.
  std::optional<Reach> named_by;
  mutable std::optional<Address> out_of_reach = {};
};

struct FetchAnswer {
  int status = 0;
  std::vector<std::string> headers;  // of the last answer, in order, as sent, without line ends
  std::string body;
  // The value of the first header with that name (any case), trimmed; "": none.
  std::string_view header(std::string_view name) const noexcept;
};

class Fetcher {
 public:
  struct Limits {
    std::size_t in_flight = 256;
    std::size_t waiting = 20'000;  // half of them of one server
    std::size_t of_server = default_of_server(in_flight);
    // A quarter; where that is less than four, up to a half.
    static constexpr std::size_t default_of_server(std::size_t in_flight) noexcept {
      return std::max(in_flight / 4, std::min<std::size_t>((in_flight + 1) / 2, 4));
    }
  };
  using Done = UniqueFunction<void(Result<FetchAnswer>)>;

  explicit Fetcher(Loop& loop) : Fetcher(loop, Limits{}) {}
  Fetcher(Loop& loop, Limits limits);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // Errors that reach Done: kInvalid (the URL), kTimeout, kClosed (no connection, or it broke),
  // kLimit (too many wait), kIo.
  std::uint64_t start(FetchRequest request, Done done);
  void cancel(std::uint64_t id);
  std::size_t in_flight() const noexcept;
  std::size_t waiting() const noexcept;
  // The numbers of requests with and without an answer.
  struct Count {
    std::uint64_t answered = 0, failed = 0;
  };
  Count counted(FetchPurpose purpose) const noexcept;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

// Whether start() accepts a text as URL: http:// or https://, no white space or control bytes.
bool is_fetchable(std::string_view url);
// A URL for the log, without login and query, which may have passwords and keys.
// "http://bob:secret@host/add?key=1" → "http://host/add".
std::string shown_url(std::string_view url);

}  // namespace lb
