#include "net/fetch/curl_loop.h"

#include <fcntl.h>

#include <chrono>
#include <tuple>
#include <utility>

#include "base/cat.h"
#include "base/file_stamp.h"

namespace lb {
namespace {

constexpr std::uint64_t kLongestTlsFile = 16 << 20;  // of certificates or a key

// Programs that the server starts must not inherit the socket.
int close_on_exec(void*, curl_socket_t fd, curlsocktype) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return CURL_SOCKOPT_OK;
}

curl_socket_t open_in_reach(void* asked, curlsocktype, curl_sockaddr* to) {
  const auto& request = *static_cast<const FetchRequest*>(asked);
  const Address address = Address::from_sockaddr(to->addr);
  if (request.named_by && !may_name(*request.named_by, reach_of(address))) {
    request.out_of_reach = address;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

void add_header(CurlList& headers, const char* line) {
  if (curl_slist* longer = curl_slist_append(headers.get(), line)) {
    std::ignore = headers.release();
    headers.reset(longer);
  }
}

// OpenSSL opens the file during a handshake, and would block on a FIFO.
Result<void> set_file(CURL* easy, CURLoption option, const std::string& path) {
  if (path.empty()) return {};
  const FileStamp file = FileStamp::of_file(path);
  if (file.exists() && !file.is_regular()) return Error::invalid(path + ": is not a regular file");
  if (file.bytes > kLongestTlsFile)
    return Error::limit(cat({path, ": is larger than ", kLongestTlsFile, " bytes"}));
  curl_easy_setopt(easy, option, path.c_str());
  return {};
}

}  // namespace

CurlLoop::CurlLoop(Loop& loop, Done done)
    : loop_(loop), done_(std::move(done)), timer_(loop, [this] { on_time(); }) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::want_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::want_time);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlLoop::~CurlLoop() {
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

void CurlLoop::add(CURL* easy) { curl_multi_add_handle(multi_, easy); }

void CurlLoop::remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

int CurlLoop::want_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
  CurlLoop& owner = *static_cast<CurlLoop*>(self);
  auto* socket = static_cast<Socket*>(known);
  if (what == CURL_POLL_REMOVE) {
    if (socket != nullptr) owner.sockets_.erase(fd);
    return 0;
  }
  if (socket == nullptr) {
    auto made = std::make_unique<Socket>();
    made->owner = &owner;
    made->fd = fd;
    socket = made.get();
    owner.sockets_[fd] = std::move(made);
    curl_multi_assign(owner.multi_, fd, socket);
    socket->watch.start<&Socket::on_ready>(owner.loop_, fd, 0, socket);
  }
  const int events =
      ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0);
  socket->watch.want(static_cast<short>(events));
  return 0;
}

int CurlLoop::want_time(CURLM*, long milliseconds, void* self) {
  CurlLoop& owner = *static_cast<CurlLoop*>(self);
  if (milliseconds < 0)
    owner.timer_.cancel();
  else
    owner.timer_.after(std::chrono::milliseconds(milliseconds));
  return 0;
}

void CurlLoop::on_socket(curl_socket_t fd, short events) {
  const int mask = ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
                   ((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
  int left = 0;
  curl_multi_socket_action(multi_, fd, mask, &left);
  collect();
}

void CurlLoop::on_time() {
  int left = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &left);
  collect();
}

void CurlLoop::collect() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_, easy);
    done_(easy, code);
  }
}

Result<void> prepare_curl(CURL* easy, const FetchRequest& request, CurlList& headers,
                          char* detail) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  // A request that ends does not wait for libcurl's thread that looks up its name, which dead name
  // servers hold for ten seconds and more.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  // The parsed roots are kept for a day otherwise, beyond a root that is added or withdrawn.
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 60L);
#endif
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &close_on_exec);
  if (request.named_by || request.is_foreign) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_in_reach);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &request);
  }
  if (request.redirects > 0) {
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(request.redirects));
    // A form is meant for the address to which its server has moved.
    curl_easy_setopt(easy, CURLOPT_POSTREDIR,
                     static_cast<long>(CURL_REDIR_POST_301 | CURL_REDIR_POST_302));
  }
  if (!request.user_agent.empty())
    curl_easy_setopt(easy, CURLOPT_USERAGENT, request.user_agent.c_str());
  if (!request.user.empty() || !request.password.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
  if (request.tls.is_any_trusted) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  // libcurl keeps the parsed roots (of a file, 50 ms each time) only where there is no folder of
  // them, and it would trust that folder beside a file of the request.
  if (!request.tls.ca_file.empty() || curl_version_info(CURLVERSION_NOW)->cainfo != nullptr)
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  for (const auto& [option, path] : {std::pair(CURLOPT_CAINFO, &request.tls.ca_file),
                                     std::pair(CURLOPT_SSLCERT, &request.tls.certificate),
                                     std::pair(CURLOPT_SSLKEY, &request.tls.key_file)})
    if (auto set = set_file(easy, option, *path); !set) return set;
  const std::optional<std::string>& body = request.json ? request.json : request.form;
  if (body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body->data());
    // No "Expect: 100-continue": an old backend does not answer it, and curl then waits for a
    // second.
    add_header(headers, "Expect:");
    if (request.json) add_header(headers, cat({"Content-Type: ", request.json_type}).c_str());
  }
  for (const std::string& line : request.headers) add_header(headers, line.c_str());
  if (headers) curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  return {};
}

Error curl_error(CURLcode code, const FetchRequest& request, const char* detail) {
  if (code == CURLE_COULDNT_CONNECT && request.out_of_reach)
    return Error::closed(
        cat({shown_url(request.url), ": leads to ", request.out_of_reach->ip(), ", which is ",
             to_text(reach_of(*request.out_of_reach)), " and is not asked"}));
  const std::string what =
      cat({shown_url(request.url), ": ",
           detail[0] != '\0' ? std::string(detail) : std::string(curl_easy_strerror(code))});
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error::timeout(what);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error::invalid(what);
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return Error::io(what);
    default:
      return Error::closed(what);
  }
}

}  // namespace lb
