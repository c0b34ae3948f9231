#include "net/fetch/line_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "net/fetch/curl_loop.h"

namespace lb {
namespace {

constexpr long kAliveSeconds = 10;

}  // namespace

// Lines are delivered by a task of their own: within libcurl's callbacks a handle cannot be closed.
struct LineStream::State : std::enable_shared_from_this<LineStream::State> {
  State(Loop& loop_given, FetchRequest request_given, Callbacks callbacks_given)
      : loop(loop_given),
        request(std::move(request_given)),
        callbacks(std::move(callbacks_given)),
        curl(loop, [this](CURL*, CURLcode code) { on_done(code); }),
        head_timer(loop, [this] { on_no_head(); }) {}

  void begin() {
    easy.reset(curl_easy_init());
    if (!easy || !is_fetchable(request.url))
      return end_with(
          Error::invalid(cat({"\"", shown_url(request.url), "\" cannot be asked for"})));
    if (auto ready = prepare_curl(easy.get(), request, headers, detail); !ready)
      return end_with(ready.error());
    curl_easy_setopt(easy.get(), CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy.get(), CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.timeout.count()));
    curl_easy_setopt(easy.get(), CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_TCP_KEEPIDLE, kAliveSeconds);
    curl_easy_setopt(easy.get(), CURLOPT_TCP_KEEPINTVL, kAliveSeconds);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &State::on_body);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, &State::on_header);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, this);
    head_timer.after(request.timeout);
    curl.add(easy.get());
    added = true;
  }
  void close() {
    closed = true;
    head_timer.cancel();
    if (added) curl.remove(easy.get());
    added = false;
  }

  static std::size_t on_header(char*, std::size_t, std::size_t n, void* self) {
    static_cast<State*>(self)->head_timer.cancel();
    return n;
  }
  static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& state = *static_cast<State*>(self);
    state.text.append(bytes, n);
    long status = 0;
    curl_easy_getinfo(state.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) state.cut_lines();
    state.too_long = state.text.size() > state.request.body_bytes;
    return state.too_long ? 0 : n;
  }
  void cut_lines() {
    std::size_t from = 0;
    for (std::size_t end; (end = text.find('\n', std::max(from, searched))) != std::string::npos;) {
      if (end > from) lines.push_back(text.substr(from, end - from));
      from = searched = end + 1;
    }
    text.erase(0, from);
    searched = text.size();
    if (!lines.empty()) deliver_later();
  }

  void on_done(CURLcode code) {
    added = false;
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (too_long && status == 200)
      return end_with(Error::limit(
          cat({shown_url(request.url), ": a line is longer than ", request.body_bytes, " bytes"})));
    if (code != CURLE_OK && !too_long) return end_with(curl_error(code, request, detail));
    FetchAnswer answer;
    answer.status = static_cast<int>(status);
    if (status != 200) answer.body = std::move(text).substr(0, request.body_bytes);
    end_with(std::move(answer));
  }
  void on_no_head() {
    if (added) curl.remove(easy.get());
    added = false;
    end_with(Error::timeout(
        cat({shown_url(request.url), ": no answer within ", request.timeout.count(), " ms"})));
  }
  void end_with(Result<FetchAnswer> answer) {
    head_timer.cancel();
    ending.emplace(std::move(answer));
    deliver_later();
  }

  void deliver_later() {
    if (std::exchange(delivering, true)) return;
    loop.post([weak = weak_from_this()] {
      if (const auto state = weak.lock()) state->deliver();
    });
  }
  void deliver() {
    delivering = false;
    const std::vector<std::string> now = std::exchange(lines, {});
    for (const std::string& line : now) {
      if (closed) return;
      callbacks.line(line);
    }
    if (closed || !ending) return;
    Result<FetchAnswer> answer = std::move(*ending);
    ending.reset();
    closed = true;
    callbacks.end(std::move(answer));
  }

  Loop& loop;
  const FetchRequest request;
  Callbacks callbacks;
  char detail[CURL_ERROR_SIZE] = {};
  CurlList headers;
  CurlLoop curl;
  CurlEasy easy;
  Deadline head_timer;
  std::string text;          // the incomplete line, or the body of an error
  std::size_t searched = 0;  // bytes of it without a line end
  std::vector<std::string> lines;
  std::optional<Result<FetchAnswer>> ending;
  bool added = false, too_long = false, delivering = false, closed = false;
};

LineStream::LineStream(Loop& loop, FetchRequest request, Callbacks callbacks)
    : state_(std::make_shared<State>(loop, std::move(request), std::move(callbacks))) {
  loop.assert_here();
  state_->begin();
}

LineStream::~LineStream() { state_->close(); }

}  // namespace lb
