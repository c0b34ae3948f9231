#include "steward.h"

#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "clients.h"

namespace lb::sim {

void Steward::ask(unsigned host, std::string_view method, std::string_view path,
                  std::string_view body, Then then) {
  answer_.clear();
  then_ = std::move(then);
  question_ =
      cat({method, " /api/v1", path, " HTTP/1.1\r\nHost: ", World::ip(host),
           ":8000\r\nAuthorization: Basic ", base64_encode("admin:rootpass"),
           "\r\nConnection: close\r\n",
           body.empty()
               ? std::string()
               : cat({"Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n"}),
           "\r\n", body});
  line_.reset();
  line_ = world_.dial(host, 8000, *this);
}

void Steward::connected() { line_->send(question_); }

void Steward::ended() {
  // It is called by its line.
  world_.after(0ms, [this] {
    if (!then_ || !line_ || !line_->is_over()) return;
    const std::size_t head = answer_.find("\r\n\r\n");
    const bool whole =
        head != std::string::npos &&
        answer_.size() - head - 4 >=
            parse_u64(line_of(answer_.substr(0, head + 2), "Content-Length")).value_or(0);
    std::exchange(then_, nullptr)(whole ? status_of(answer_) : 0,
                                  whole ? answer_.substr(head + 4) : std::string());
  });
}

}  // namespace lb::sim
