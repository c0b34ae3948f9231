#include "net/fetch.h"

#include <curl/curl.h>
#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/strings.h"

namespace lb {
namespace {

// How much of an answer's head is kept; a backend that sends more is broken.
constexpr std::size_t kHeadBytes = 64 * 1024;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CloseEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

Error error_of(CURLcode code, const std::string& url, const char* detail) {
  const std::string what =
      shown_url(url) + ": " +
      (detail[0] != '\0' ? std::string(detail) : std::string(curl_easy_strerror(code)));
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

// Programs that the server starts must not inherit the socket.
int close_on_exec(void*, curl_socket_t fd, curlsocktype) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return CURL_SOCKOPT_OK;
}

}  // namespace

struct Fetcher::Engine {
  struct Transfer {
    std::uint64_t id = 0;
    FetchRequest request;
    Done done;
    std::unique_ptr<curl_slist, FreeList> headers;
    std::unique_ptr<CURL, CloseEasy> easy;
    FetchAnswer answer;
    std::size_t head_bytes = 0;
    bool enough = false;  // we have ended the transfer ourselves
    char detail[CURL_ERROR_SIZE] = {};
  };
  struct Socket {
    Engine* engine = nullptr;
    curl_socket_t fd = -1;
    Watch watch;
    void on_ready(short events) { engine->on_socket(fd, events); }
  };

  Engine(Loop& loop_given, Limits limits_given)
      : loop(loop_given), limits(limits_given), timer(loop, [this] { on_time(); }) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Engine::want_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Engine::want_time);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  }
  ~Engine() {
    for (auto& [easy, transfer] : running) curl_multi_remove_handle(multi, easy);
    running.clear();
    curl_multi_cleanup(multi);
    curl_global_cleanup();
  }

  static int want_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    Engine& engine = *static_cast<Engine*>(self);
    auto* socket = static_cast<Socket*>(known);
    if (what == CURL_POLL_REMOVE) {
      if (socket != nullptr) engine.sockets.erase(fd);
      return 0;
    }
    if (socket == nullptr) {
      auto made = std::make_unique<Socket>();
      made->engine = &engine;
      made->fd = fd;
      socket = made.get();
      engine.sockets[fd] = std::move(made);
      curl_multi_assign(engine.multi, fd, socket);
      socket->watch.start<&Socket::on_ready>(engine.loop, fd, 0, socket);
    }
    const int events =
        ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0);
    socket->watch.want(static_cast<short>(events));
    return 0;
  }
  static int want_time(CURLM*, long milliseconds, void* self) {
    Engine& engine = *static_cast<Engine*>(self);
    if (milliseconds < 0)
      engine.timer.cancel();
    else
      engine.timer.after(std::chrono::milliseconds(milliseconds));
    return 0;
  }

  void on_socket(curl_socket_t fd, short events) {
    const int mask = ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
                     ((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    int left = 0;
    curl_multi_socket_action(multi, fd, mask, &left);
    collect();
  }
  void on_time() {
    int left = 0;
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &left);
    collect();
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::string_view line(bytes, n);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // of a redirect's target, or after 100: begin anew
      transfer.answer.headers.clear();
      return n;
    }
    transfer.head_bytes += n;
    if (transfer.head_bytes > kHeadBytes) return 0;
    if (!line.empty()) transfer.answer.headers.emplace_back(line);
    return n;
  }
  static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::string& body = transfer.answer.body;
    const std::size_t room = transfer.request.body_bytes - body.size();
    body.append(bytes, std::min(n, room));
    if (n <= room) return n;
    transfer.enough = true;
    return 0;
  }

  static void add_header(Transfer& transfer, const char* line) {
    if (curl_slist* longer = curl_slist_append(transfer.headers.get(), line)) {
      std::ignore = transfer.headers.release();
      transfer.headers.reset(longer);
    }
  }
  bool prepare(Transfer& transfer) {
    transfer.easy.reset(curl_easy_init());
    CURL* easy = transfer.easy.get();
    if (easy == nullptr) return false;
    const FetchRequest& request = transfer.request;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.detail);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &close_on_exec);
    if (request.redirects > 0) {
      curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
      curl_easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(request.redirects));
    }
    if (!request.user_agent.empty())
      curl_easy_setopt(easy, CURLOPT_USERAGENT, request.user_agent.c_str());
    if (!request.user.empty() || !request.password.empty()) {
      curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
      curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
      curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
    }
    if (request.form) {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.form->size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.form->data());
      // No "Expect: 100-continue": old backends let the client wait for a second.
      if (request.headers.empty())
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, no_expect.get());
      else
        add_header(transfer, "Expect:");
    }
    for (const std::string& line : request.headers) add_header(transfer, line.c_str());
    if (transfer.headers) curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Engine::on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Engine::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    return true;
  }

  void begin(std::unique_ptr<Transfer> transfer) {
    if (!prepare(*transfer)) {
      fail(std::move(transfer), Error::io("libcurl has no memory for another request"));
      return;
    }
    CURL* easy = transfer->easy.get();
    running[easy] = std::move(transfer);
    curl_multi_add_handle(multi, easy);  // arms the timer; nothing happens yet
  }
  // start() never calls back at once.
  void fail(std::unique_ptr<Transfer> transfer, Error error) {
    failed.emplace_back(std::move(transfer), std::move(error));
    if (failed.size() == 1) fail_timer.after(std::chrono::microseconds(0));
  }
  void report_failed() {
    auto now = std::move(failed);
    failed.clear();
    requests_failed += now.size();
    for (auto& [transfer, error] : now) transfer->done(std::move(error));
  }

  void collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto at = running.find(message->easy_handle);
      std::unique_ptr<Transfer> transfer = std::move(at->second);
      running.erase(at);
      curl_multi_remove_handle(multi, transfer->easy.get());
      next();
      long status = 0;
      curl_easy_getinfo(transfer->easy.get(), CURLINFO_RESPONSE_CODE, &status);
      transfer->answer.status = static_cast<int>(status);
      const bool answered = code == CURLE_OK || transfer->enough;
      ++(answered ? requests_answered : requests_failed);
      if (answered)
        transfer->done(std::move(transfer->answer));
      else
        transfer->done(error_of(code, transfer->request.url, transfer->detail));
    }
  }
  void next() {
    if (waiting.empty() || running.size() >= limits.in_flight) return;
    auto transfer = std::move(waiting.front());
    waiting.pop_front();
    begin(std::move(transfer));
  }

  void drop(std::uint64_t id) {
    for (auto at = running.begin(); at != running.end(); ++at) {
      if (at->second->id != id) continue;
      const std::unique_ptr<Transfer> transfer = std::move(at->second);
      running.erase(at);
      curl_multi_remove_handle(multi, transfer->easy.get());
      next();
      return;
    }
    std::erase_if(waiting, [id](const auto& transfer) { return transfer->id == id; });
    std::erase_if(failed, [id](const auto& row) { return row.first->id == id; });
  }

  Loop& loop;
  const Limits limits;
  CURLM* multi = nullptr;
  const std::unique_ptr<curl_slist, FreeList> no_expect{curl_slist_append(nullptr, "Expect:")};
  std::unordered_map<curl_socket_t, std::unique_ptr<Socket>> sockets;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running;
  std::deque<std::unique_ptr<Transfer>> waiting;
  std::vector<std::pair<std::unique_ptr<Transfer>, Error>> failed;
  std::uint64_t next_id = 1;
  std::uint64_t requests_answered = 0, requests_failed = 0;
  Timer timer;
  Timer fail_timer{loop, [this] { report_failed(); }};
};

Fetcher::Fetcher(Loop& loop, Limits limits) : engine_(std::make_unique<Engine>(loop, limits)) {}

Fetcher::~Fetcher() = default;

std::uint64_t Fetcher::start(FetchRequest request, Done done) {
  engine_->loop.assert_here();
  auto transfer = std::make_unique<Engine::Transfer>();
  transfer->id = engine_->next_id++;
  const std::uint64_t id = transfer->id;
  const bool fetchable = is_fetchable(request.url);
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  if (!fetchable) {
    Error error = Error::invalid("\"" + shown_url(transfer->request.url) +
                                 "\" is not an http or https address");
    engine_->fail(std::move(transfer), std::move(error));
  } else if (engine_->running.size() < engine_->limits.in_flight) {
    engine_->begin(std::move(transfer));
  } else if (engine_->waiting.size() < engine_->limits.waiting) {
    engine_->waiting.push_back(std::move(transfer));
  } else {
    Error error = Error::limit(shown_url(transfer->request.url) + ": " +
                               std::to_string(engine_->limits.waiting) +
                               " requests wait already, this one was not sent");
    engine_->fail(std::move(transfer), std::move(error));
  }
  return id;
}

void Fetcher::cancel(std::uint64_t id) { engine_->drop(id); }

std::size_t Fetcher::in_flight() const noexcept { return engine_->running.size(); }

std::size_t Fetcher::waiting() const noexcept { return engine_->waiting.size(); }
std::uint64_t Fetcher::answered() const noexcept { return engine_->requests_answered; }
std::uint64_t Fetcher::failed() const noexcept { return engine_->requests_failed; }

std::string shown_url(std::string_view url) {
  std::string shown(url.substr(0, url.find_first_of("?#")));
  const std::size_t scheme = shown.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(shown.find('/', host), shown.size());
  // The last @ before the path: a password that was written down unencoded may hold one.
  const std::size_t login = shown.rfind('@', end);
  if (login != std::string::npos && login >= host && login < end)
    shown.erase(host, login + 1 - host);
  return shown;
}

bool is_fetchable(std::string_view url) {
  if (!istarts_with(url, "http://") && !istarts_with(url, "https://")) return false;
  return std::all_of(url.begin(), url.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7f;
  });
}

}  // namespace lb
