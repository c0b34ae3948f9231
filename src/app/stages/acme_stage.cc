#include "app/stages/acme_stage.h"

#include <string>
#include <utility>

#include "app/services/worker.h"

namespace lb {

Verdict AcmeStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  const std::string_view token =
      std::string_view(request.path).substr(ChallengeTable::kPath.size());
  std::string answer = worker_.services.challenges->answer(token);
  if (answer.empty()) return Verdict::kNext;
  connection.is_probe = true;
  ResponseHead head;
  head.status = 200;
  head.content_type = "application/octet-stream";
  head.content_length = answer.size();
  connection.reply(head, std::move(answer));
  return Verdict::kAnswered;
}

}  // namespace lb
