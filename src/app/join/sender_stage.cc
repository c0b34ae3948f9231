// sender_stage(): what a request for a stream claims and proves of its sender, judged once for the
// stages behind it.
//
// A relaying server claims itself by lines of its head.  A node of the cluster, which pulls a mount
// for its own listeners, proves itself by its secret, or by a mark (cluster/relay/pull_mark.h).  A
// forged mark counts as a wrong password; it is refused only where the proof matters, because a
// server that does not know the node yet may still serve it as a listener.
#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/request/password_guesses.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "auth/guard/throttle.h"
#include "base/encoding.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_verifier.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"

namespace lb {
namespace {

bool proves_node(Worker& worker, Connection& connection, const ClusterFacts& facts) {
  const Network& network = worker.services;
  Sender& sender = connection.context().sender;
  sender.mark = Sender::Mark::kJudged;
  const auto mark = pull_mark_of(connection.request().headers);
  if (!mark) return false;
  if (network.throttle->blocked(connection.peer(), mark->id)) {
    sender.mark = Sender::Mark::kThrottled;
    return false;
  }
  // The path as it was sent, before <alias> changed it.
  const std::string& target = connection.request().target;
  const auto asked = percent_decode(std::string_view(target).substr(0, target.find('?')), false);
  const auto verdict = network.cluster->pulls().judge(*mark, facts.known, facts.as_node, facts.mark,
                                                      asked.value_or(""), network.clock);
  if (verdict == PullVerifier::Verdict::kForged) note_wrong_password(worker, connection, mark->id);
  return verdict == PullVerifier::Verdict::kOurs;
}

}  // namespace

Verdict sender_stage(Worker& worker, Connection& connection) {
  const Network& network = worker.services;
  const Headers& headers = connection.request().headers;
  Sender& sender = connection.context().sender;
  sender.claims_server = is_relay_request(headers, config_of(network, connection)->server_id);
  // A mark works once only, and this request may have waited since.
  if (sender.is_node() || sender.mark != Sender::Mark::kNone) return Verdict::kNext;
  const auto given = basic_credentials(headers);
  const bool has_mark = has_pull_mark(headers);
  if (!given && !has_mark) return Verdict::kNext;  // nearly every listener
  const auto facts = network.cluster->facts();
  if (facts->known.login(given) != nullptr || (has_mark && proves_node(worker, connection, *facts)))
    sender.proves(Sender::Kind::kNode);
  return Verdict::kNext;
}

}  // namespace lb
