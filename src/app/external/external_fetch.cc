#include "app/external/external_fetch.h"

#include <iterator>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr Fetcher::Limits kFetches{80, 8, 80};
constexpr std::string_view kDigestKey = "icecast-lb external";

// Whether the value may be sent in a request.
bool is_one_line(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return text.size() <= 256;
}

}  // namespace

struct ExternalFetch::Question {
  ExternalSettings settings;
  Ask ask;
  Done done;
  std::uint64_t fetch = 0;
  unsigned pages = 0;
  std::size_t bytes = 0;
  std::string digests;
  ExternalAnswer answer;
};

ExternalFetch::ExternalFetch(Loop& control, Loop& clerk)
    : control_(control), clerk_(clerk), fetcher_(control, kFetches) {}

ExternalFetch::~ExternalFetch() = default;

void ExternalFetch::start(const ExternalSettings& settings, Ask ask, Done done) {
  auto question = std::make_shared<Question>();
  question->settings = settings;
  question->ask = std::move(ask);
  question->done = std::move(done);
  questions_.insert(question);
  ask_page(question, question->ask.url);
}

void ExternalFetch::stop() {
  for (const auto& question : std::exchange(questions_, {})) fetcher_.cancel(question->fetch);
}

void ExternalFetch::ask_page(const std::shared_ptr<Question>& question, std::string url) {
  const Ask& ask = question->ask;
  FetchRequest request;
  request.url = std::move(url);
  request.user = question->settings.username;
  request.password = question->settings.password;
  request.user_agent = "icecast-lb " LB_VERSION;
  request.headers = {"Accept: application/json"};
  request.timeout = ask.timeout;
  const bool first = ++question->pages == 1;
  if (first && !ask.etag.empty()) {
    request.headers.push_back("If-None-Match: " + ask.etag);
    if (ask.wait.count() > 0) {
      request.headers.push_back(cat({"Prefer: wait=", ask.wait.count()}));
      request.timeout += ask.wait;
    }
  }
  request.body_bytes = kMaxExternalBytes - question->bytes + 1;
  question->fetch = fetcher_.start(
      std::move(request),
      [this, question](Result<FetchAnswer> answer) { page_came(question, std::move(answer)); });
}

void ExternalFetch::page_came(const std::shared_ptr<Question>& question,
                              Result<FetchAnswer> answer) {
  if (!answer) return finish(question, answer.error());
  ExternalAnswer& whole = question->answer;
  const bool first = question->pages == 1;
  const std::string_view etag = answer->header("etag");
  if (first) whole.waits = istarts_with(answer->header("preference-applied"), "wait");
  if (first && answer->status == 304) {
    if (question->ask.etag.empty())
      return finish(question, Error::invalid("304 to a request that names no list"));
    whole.unchanged = true;
    whole.etag = question->ask.etag;
    return finish(question, std::move(whole));
  }
  if (first && question->ask.by_name && answer->status == 404)
    return finish(question, std::move(whole));
  if (answer->status != 200)
    return finish(question, Error::invalid(cat({"the answer is ", answer->status})));
  question->bytes += answer->body.size();
  if (question->bytes > kMaxExternalBytes)
    return finish(question,
                  Error::limit(cat({"the list has more than ", kMaxExternalBytes, " bytes"})));
  if (first && is_one_line(etag)) whole.etag = etag;
  question->digests += hmac_sha256(kDigestKey, answer->body);
  // Parsing may take a while.
  clerk_.post([this, question, body = std::move(answer->body)] {
    auto list = std::make_shared<Result<ExternalList>>(parse_external_list(body));
    control_.post([this, question, list] {
      if (!questions_.contains(question)) return;
      if (!*list) return finish(question, (*list).error());
      ExternalAnswer& all = question->answer;
      if (all.mounts.size() + (*list)->mounts.size() > kMaxExternalMounts)
        return finish(
            question,
            Error::limit(cat({"the list has more than ", kMaxExternalMounts, " mounts"})));
      std::move((*list)->mounts.begin(), (*list)->mounts.end(), std::back_inserter(all.mounts));
      if ((*list)->next.empty()) {
        all.identity =
            !all.etag.empty() ? all.etag : hex_encode(hmac_sha256(kDigestKey, question->digests));
        return finish(question, std::move(all));
      }
      if (question->pages >= kMaxExternalPages)
        return finish(question,
                      Error::limit(cat({"the list has more than ", kMaxExternalPages, " pages"})));
      auto next = external_page_url(question->ask.url, (*list)->next);
      if (!next) return finish(question, next.error());
      ask_page(question, std::move(*next));
    });
  });
}

void ExternalFetch::finish(const std::shared_ptr<Question>& question,
                           Result<ExternalAnswer> answer) {
  if (questions_.erase(question) == 0) return;
  question->done(std::move(answer));
}

}  // namespace lb
