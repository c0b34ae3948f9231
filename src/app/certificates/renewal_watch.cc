#include "app/certificates/renewal_watch.h"

#include <utility>

#include "acme/request.h"
#include "app/services/runtime.h"
#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kAgain = 6h;

}  // namespace

RenewalWatch::RenewalWatch(Runtime& runtime, Changed changed)
    : runtime_(runtime),
      changed_(std::move(changed)),
      timer_(runtime.loops.control(), [this] { ask(); }) {}

void RenewalWatch::watch(const AcmeAuthority& authority, const std::string& id) {
  stop();
  authority_ = authority;
  id_ = id;
  if (!id_.empty()) ask();
}

void RenewalWatch::stop() {
  timer_.cancel();
  if (request_ != 0) runtime_.fetcher->cancel(std::exchange(request_, 0));
}

void RenewalWatch::start(const std::string& url,
                         std::function<void(const Result<FetchAnswer>&)> done) {
  request_ =
      runtime_.fetcher->start(authority_request(authority_, url),
                              [this, done = std::move(done)](const Result<FetchAnswer>& answer) {
                                request_ = 0;
                                done(answer);
                              });
}

void RenewalWatch::ask() {
  timer_.after(kAgain);
  start(directory_url(authority_),
        [this](const Result<FetchAnswer>& answer) { on_directory(answer); });
}

void RenewalWatch::on_directory(const Result<FetchAnswer>& answer) {
  const std::string url = answer ? renewal_info_url(*answer) : std::string();
  if (url.empty()) return;
  start(cat({url, url.ends_with('/') ? "" : "/", id_}),
        [this](const Result<FetchAnswer>& window) { on_window(window); });
}

void RenewalWatch::on_window(const Result<FetchAnswer>& answer) {
  if (!answer) return;
  timer_.after(next_question(*answer, runtime_.clock.wall()));
  if (const auto window = renewal_window(*answer)) changed_(*window);
}

}  // namespace lb
