// acme_stage(): answers a certificate authority that checks whether a name is this server's
// (http-01).  It runs before every limit, so that a full server keeps its certificate.
//
// An unknown token may be a file of the web root, for another program; else ChallengeLookup looks
// for it.  If none knows the token, the next stage gets the request.
// Source: RFC 8555 8.3.
#include <algorithm>
#include <string>
#include <utility>

#include "app/certificates/challenge_lookup.h"
#include "app/endpoints/stages.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/static_files.h"
#include "net/tls/challenge_table.h"

namespace lb {
namespace {

constexpr std::size_t kShortest = 16, kLongest = 128;

bool is_acme_token(std::string_view text) {
  return text.size() >= kShortest && text.size() <= kLongest && is_plain_text(text, "-_");
}

// Another server asks on behalf of an authority; it must not cause further questions.
bool is_asked_on(const Request& request) {
  const auto parts = split(request.query, '&');
  return std::ranges::find(parts, ChallengeLookup::kMark) != parts.end();
}

}  // namespace

Verdict acme_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  const std::string_view token =
      std::string_view(request.path).substr(ChallengeTable::kPath.size());
  if (!is_acme_token(token)) return Verdict::kNext;
  Network& network = worker.services;
  std::string answer = network.challenges->answer(token);
  if (answer.empty()) {
    const bool has_waited = bool(connection.context().waited.take());
    if (!has_waited && network.files.read()->has_file(request.path)) return Verdict::kNext;
    const auto config = config_of(worker.services, connection);
    const bool asks_others = !is_asked_on(request);
    if (has_waited || !ChallengeLookup::may_have(*config, asks_others)) {
      network.challenges->count(ChallengeTable::Way::kHttp, false);
      return Verdict::kNext;
    }
    network.loops.control().post([&network, wanted = std::string(token),
                                  parked = ParkedRequest{worker.loop.id(), connection.id()},
                                  asks_others, client = connection.peer().network()] {
      network.challenge_lookup->look_up(wanted, parked, asks_others, client);
    });
    return Verdict::kPending;
  }
  connection.context().waited.take();
  network.challenges->count(ChallengeTable::Way::kHttp, true);
  connection.is_probe = true;
  ResponseHead head;
  head.status = 200;
  head.content_type = "application/octet-stream";
  connection.reply_whole(std::move(head), std::move(answer));
  return Verdict::kAnswered;
}

}  // namespace lb
